"""How keys are named: as people write them, and as Textual does. Imports no textual."""

from __future__ import annotations

import unicodedata

_MODIFIERS = {
    "alt": "Alt", "ctrl": "Ctrl", "hyper": "Hyper", "meta": "Meta", "shift": "Shift",
    "super": "Super",
}  # fmt: skip
"""In the order in which Textual names several."""
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
_OTHERWISE = {
    "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at",
    "hyphen_minus": "minus", "plus_sign": "plus", "low_line": "underscore",
}  # fmt: skip
"""Characters that Textual does not call by their Unicode names."""


def read(written: str) -> str:
    """One key as Textual names it: ``Ctrl+G`` → ``ctrl+g``, ``?`` → ``question_mark``.

    Raises:
        ValueError: There is no such key.
    """
    before, _, last = written.strip().rpartition("+")
    if not last and before[-1:] in ("", "+"):  # "+" itself, perhaps with modifiers: "ctrl++"
        last = "+"
    modifiers = {_alias(part) for part in before.split("+") if part}
    if not modifiers <= _MODIFIERS.keys() or not (name := _key(last)):
        raise ValueError(written)
    if len(name) == 1:
        name = name.upper() if modifiers == {"shift"} else name.lower() if modifiers else name
        modifiers -= {"shift"} if modifiers == {"shift"} else set()
    return "+".join([*sorted(modifiers), name])


def show(key: str) -> str:
    """A key as people write it: ``ctrl+j`` → ``Ctrl+J``, ``question_mark`` → ``?``."""
    *modifiers, name = key.split("+")
    is_upper = bool(modifiers) or _is_function(name)
    name = _SHOWN.get(name) or (name.upper() if is_upper else name)
    return "+".join([*(_MODIFIERS.get(part, part) for part in modifiers), name])


def short(key: str) -> str:
    """The same for a narrow place: ``ctrl+j`` → ``^J``."""
    return show(key).replace("Ctrl+", "^")


def _alias(name: str) -> str:
    lower = name.strip().lower()
    return _ALIASES.get(lower, lower)


def _key(written: str) -> str:
    """Without modifiers; empty for what is no key."""
    if len(written) == 1:
        return written if written.isalnum() else _of_character(written)
    name = _alias(written)
    name = _OTHERWISE.get(name, name)
    is_named = name in _SHOWN or name in _OTHERWISE.values() or _is_function(name)
    return name if is_named or _is_character(name) else ""


def _of_character(character: str) -> str:
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _OTHERWISE.get(name, name)


def _is_character(name: str) -> bool:
    """Whether a character is called so, such as ``comma``."""
    try:
        return bool(unicodedata.lookup(name.replace("_", " ")))
    except KeyError:
        return False


def _is_function(name: str) -> bool:
    return name[:1] == "f" and name[1:].isdecimal() and 1 <= int(name[1:]) <= 24
