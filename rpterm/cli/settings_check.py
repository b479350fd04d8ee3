"""Settings that only a room can check: keys and themes."""

from __future__ import annotations


def check(name: str, value: str) -> None:
    """Refuse a binding for a command that does not exist.

    Raises:
        KeyMapError: With the nearest id.
    """
    if name.startswith("keys."):
        from rpterm.tui import keys

        keys.check({name.removeprefix("keys."): value})
