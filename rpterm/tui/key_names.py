"""Translates key names between what people write and what Textual uses. Does not import Textual."""

from __future__ import annotations

import unicodedata

_MODIFIERS = {
    "alt": "Alt", "ctrl": "Ctrl", "hyper": "Hyper", "meta": "Meta", "shift": "Shift",
    "super": "Super",
}  # fmt: skip
"""In the order in which Textual lists several modifiers."""
_SHOWN = {
    "enter": "⏎", "escape": "Esc", "left": "←", "right": "→", "up": "↑", "down": "↓",
    "pageup": "PgUp", "pagedown": "PgDn", "question_mark": "?", "delete": "Del", "end": "End",
    "space": "Space", "tab": "Tab", "backspace": "⌫", "home": "Home", "insert": "Ins",
    "plus": "+", "minus": "-", "equals_sign": "=", "slash": "/",
    "left_square_bracket": "[", "right_square_bracket": "]",
}  # fmt: skip
_ALIASES = {
    "control": "ctrl", "option": "alt", "esc": "escape", "return": "enter", "del": "delete",
    "ins": "insert", "pgup": "pageup", "pgdn": "pagedown",
}  # fmt: skip
_TEXTUAL_NAMES = {
    "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at",
    "hyphen_minus": "minus", "plus_sign": "plus", "low_line": "underscore",
}  # fmt: skip
"""Textual's names for characters that it does not call by their Unicode names."""


def parse(written: str) -> str:
    """Parse one key into Textual's name: ``Ctrl+G`` → ``ctrl+g``, ``?`` → ``question_mark``.

    Raises:
        ValueError: There is no such key.
    """
    before, _, last = written.strip().rpartition("+")
    if not last and before[-1:] in ("", "+"):  # "+" itself, perhaps with modifiers: "ctrl++"
        last = "+"
    modifiers = {_resolve_alias(part) for part in before.split("+") if part}
    if not modifiers <= _MODIFIERS.keys() or not (name := _parse_unmodified(last)):
        raise ValueError(written)
    if len(name) == 1 and modifiers == {"shift"}:
        return name.upper()
    if len(name) == 1 and modifiers:
        name = name.lower()
    return "+".join([*sorted(modifiers), name])


def display(key: str) -> str:
    """Format a key as people write it: ``ctrl+j`` → ``Ctrl+J``, ``question_mark`` → ``?``."""
    *modifiers, name = key.split("+")
    is_upper = bool(modifiers) or _is_function_key(name)
    name = _SHOWN.get(name) or (name.upper() if is_upper else name)
    return "+".join([*(_MODIFIERS.get(part, part) for part in modifiers), name])


def display_short(key: str) -> str:
    """Format a key for a narrow space: ``ctrl+j`` → ``^J``."""
    return display(key).replace("Ctrl+", "^")


def _resolve_alias(name: str) -> str:
    lower = name.strip().lower()
    return _ALIASES.get(lower, lower)


def _parse_unmodified(written: str) -> str:
    """Textual's name of a key without modifiers; "" if there is no such key."""
    if len(written) == 1:
        return written if written.isalnum() else _character_name(written)
    name = _resolve_alias(written)
    name = _TEXTUAL_NAMES.get(name, name)
    is_named = name in _SHOWN or name in _TEXTUAL_NAMES.values() or _is_function_key(name)
    return name if is_named or _is_character_name(name) else ""


def _character_name(character: str) -> str:
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _TEXTUAL_NAMES.get(name, name)


def _is_character_name(name: str) -> bool:
    """Whether Unicode has a character of this name, such as ``comma``."""
    try:
        return bool(unicodedata.lookup(name.replace("_", " ")))
    except KeyError:
        return False


def _is_function_key(name: str) -> bool:
    return name[:1] == "f" and name[1:].isdecimal() and 1 <= int(name[1:]) <= 24
