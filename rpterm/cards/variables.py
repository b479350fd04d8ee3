"""The variables of a chat, which macros like ``{{setvar::mood::wary}}`` change and read.

A chat's variables are part of its turns: each turn that changed them holds all of them, so they
follow branches and swipes and are there again when the chat is resumed. This module only computes.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence

from rpterm.foreign_json import as_mapping
from rpterm.types import Turn

Variables = dict[str, str]
"""Name → value. The names of variables that are global elsewhere begin with ``$``."""

_SETTER = re.compile(r"\{\{\s*(?:set|add|inc|dec|delete|flush)(?:global)?var\b", re.IGNORECASE)
_SET = re.compile(r"\{\{\s*(?:set|add|inc|dec)var[:\s]\s*:?\s*([^{}:]+?)\s*(?:::|\}\})", re.I)
_READ = re.compile(r"\{\{\s*getvar[:\s]\s*:?\s*([^{}:]+?)\s*\}\}", re.I)
_MAX_VARIABLES = 500
_MAX_TEXT = 4000


def sets_variables(text: str) -> bool:
    """Whether expanding a text changes variables."""
    return _SETTER.search(text) is not None


def names_set(text: str) -> list[str]:
    """The names of the variables to which a text gives values."""
    return _SET.findall(text)


def names_read(text: str) -> list[str]:
    """The names of the variables that a text inserts."""
    return _READ.findall(text)


def after(path: Sequence[Turn]) -> Variables:
    """The variables after these turns, oldest first."""
    return read(next((turn.variables for turn in reversed(path) if turn.variables), ""))


def read(text: str) -> Variables:
    """The variables in a JSON object."""
    try:
        return of_table(json.loads(text)) if text else {}
    except (ValueError, RecursionError):
        return {}


def of_table(table: object) -> Variables:
    """The variables in a table of another program; values that are not text become JSON."""
    items = list(as_mapping(table).items())[:_MAX_VARIABLES]
    return {
        str(name): (value if isinstance(value, str) else json.dumps(value))[:_MAX_TEXT]
        for name, value in items
    }


def write(variables: Variables) -> str:
    """The variables as JSON, which ``read`` reads."""
    return json.dumps(variables, ensure_ascii=False)


def _set(variables: Variables, name: str, value: str) -> str:
    if name in variables or len(variables) < _MAX_VARIABLES:
        variables[name] = value[:_MAX_TEXT]
    return ""


def _add(variables: Variables, name: str, value: str) -> str:
    """Add numbers; append other text."""
    before = variables.get(name, "")
    try:
        total = float(before or 0) + float(value)
    except ValueError:
        return _set(variables, name, before + value)
    whole = math.isfinite(total) and total == int(total)
    return _set(variables, name, str(int(total) if whole else total))


def _increment(variables: Variables, name: str, value: str) -> str:
    _add(variables, name, "1")
    return variables.get(name, "")


def _decrement(variables: Variables, name: str, value: str) -> str:
    _add(variables, name, "-1")
    return variables.get(name, "")


def _get(variables: Variables, name: str, value: str) -> str:
    return variables.get(name, "")


def _has(variables: Variables, name: str, value: str) -> str:
    return str(name in variables).lower()


def _delete(variables: Variables, name: str, value: str) -> str:
    variables.pop(name, None)
    return ""


_MACROS = {
    "set{}var": _set, "add{}var": _add, "inc{}var": _increment, "dec{}var": _decrement,
    "get{}var": _get, "has{}var": _has, "{}varexists": _has, "delete{}var": _delete,
    "flush{}var": _delete,
}  # fmt: skip
MACROS: dict[str, Callable[[Variables, str, str], str]] = {
    name.format(""): apply for name, apply in _MACROS.items()
}
"""Macro → its function of the variables, which it may change, a name and a value."""
GLOBAL_MACROS = {name.format("global"): apply for name, apply in _MACROS.items()}
"""The same for variables that are global elsewhere. Here they belong to the chat, too."""
