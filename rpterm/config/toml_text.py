"""Settings as TOML text: edits one key of a file, and formats values.

Does not know which settings exist or which values are valid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def with_value(text: str, parts: Sequence[str], value: object) -> str:
    """The text of a file with one key set, or removed if the value is ``None``.

    Args:
        parts: The names of the enclosing tables, which are created if missing, and of the key.

    Raises:
        TOMLKitError: The text is not valid TOML, or has something else in place of a table.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    document = tomlkit.parse(text)
    *above, last = parts
    table: Any = document
    for part in above:
        if part not in table:
            table[part] = tomlkit.table()
        table = table[part]
        if not isinstance(table, Mapping):
            raise TOMLKitError(f"{part} must be a table: write [{part}] and its settings below it")
    if value is None:
        table.pop(last, None)
    else:
        table[last] = value
    return tomlkit.dumps(document)


def to_toml(value: object) -> str:
    """A value in TOML syntax."""
    import tomlkit

    return tomlkit.item(list(value) if isinstance(value, tuple) else value).as_string()


def as_typed(value: object) -> str:
    """A value as a user types it for ``config set``: strings unquoted, the rest in TOML syntax."""
    if value is None:
        return ""
    return value if isinstance(value, str) else to_toml(value)
