"""Settings as TOML text: one put into a file that keeps the rest, and values as a user types them.

Which settings there are, and what fits them, is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def put(text: str, parts: Sequence[str], value: object) -> str:
    """The text of a file with a key set, or taken out where the value is ``None``.

    Args:
        parts: The names of the tables above, which are made where they are missing, and the key's.

    Raises:
        TOMLKitError: The text is no TOML.
    """
    import tomlkit

    document = tomlkit.parse(text)
    *above, last = parts
    table: Any = document
    for part in above:
        if part not in table:
            table[part] = tomlkit.table()
        table = table[part]
    if value is None:
        table.pop(last, None)
    else:
        table[last] = value
    return tomlkit.dumps(document)


def toml(value: object) -> str:
    """A value as it stands in the file."""
    import tomlkit

    return tomlkit.item(list(value) if isinstance(value, tuple) else value).as_string()


def typed(value: object) -> str:
    """A value as one types it for ``config set``: a text as it is, all else as in the file."""
    if value is None:
        return ""
    return value if isinstance(value, str) else toml(value)
