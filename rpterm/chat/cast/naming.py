"""Whose a line stays when a card gets another name. Pure.

Turns know their speaker by name alone. So a name that a member gave up goes from its lines, too,
but only where they would else become somebody else's: all other history stays as it was said.
"""

from __future__ import annotations

from rpterm.types import Cast


def renamed(before: Cast, now: Cast) -> dict[str, str]:
    """Former names in turns, and what each must become so that its lines stay with who said them.

    A name that two bear is left alone: nobody could tell their lines apart afterwards.

    Args:
        now: The same members at the same places; new ones stand behind them.
    """
    found: dict[str, str] = {}
    for place, (old, new) in enumerate(zip(before.members, now.members, strict=False)):
        if _bearers(now, new.speaker) != [place]:
            continue
        for name in (old.speaker, old.card_name):
            # A name that nobody has is the chat's own character's: see ``group.owner``.
            owner = next(iter(_bearers(now, name)), 0)
            if _bearers(before, name) == [place] != [owner]:
                found[name] = new.speaker
    return found


def _bearers(cast: Cast, name: str) -> list[int]:
    """The places of all who are called so."""
    return [i for i, m in enumerate(cast.members) if name in (m.speaker, m.card_name)]
