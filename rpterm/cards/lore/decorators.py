"""Decorators of V3 lorebooks: ``@@name value`` lines at the start of an entry's text.

A decorator with an unknown name or an invalid value is ignored, and the ``@@@`` lines below it are
tried instead. All of them are removed from the text. Decorators for programs that are not chats
(``instruct_…``, ``reverse_…``) and for the user interface (``is_user_icon``,
``disable_ui_prompt``) count as unknown, as the specification requires of a chat.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from rpterm.cards.card import LoreEntry, Position

_LINE = re.compile(r"(@{2,3})([a-z_]+)(?:[ \t]+(.*?))?[ \t]*\r?(?:\n|$)", re.IGNORECASE)
_BLANK = re.compile(r"\s*\n")
_POSITIONS: dict[str, Position] = {
    "before_desc": "before_card",
    "after_desc": "after_card",
    "personality": "after_card",
    "scenario": "after_card",
}


@dataclass(frozen=True, slots=True)
class Decorated:
    """An entry with its decorators applied.

    Attributes:
        entry: The entry with the fields changed by decorators and its content without them.
        additional, excluded: Further keys: one of the first and none of the second must match.
        after: The number of replies of the character before the entry may fire.
        every: The entry fires only at every n-th reply.
        forced: ``activate`` (True) or ``dont_activate`` (False).
        forever, once: Stays active for ever after firing; never fires a second time.
        yielding: Dropped first when the budget is short.
    """

    entry: LoreEntry
    additional: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    after: int = 0
    every: int = 0
    forced: bool | None = None
    forever: bool = False
    once: bool = False
    yielding: bool = False


def decorate(entry: LoreEntry) -> Decorated:
    """Remove the decorators from an entry's text and apply them."""
    if "@@" not in entry.content:
        return Decorated(entry)
    found, text = parse(entry.content)
    return _apply(Decorated(replace(entry, content=text)), found)


def parse(content: str) -> tuple[dict[str, str], str]:
    """The valid decorators by name, and the text without decorators."""
    found: dict[str, str] = {}
    needs_fallback = False
    end = 0
    while True:
        blank = _BLANK.match(content, end)
        start = blank.end() if blank else end
        match = _LINE.match(content, start)
        if not match:
            break
        end = match.end()
        name, value = match[2].lower(), (match[3] or "").strip()
        if len(match[1]) == 2 or needs_fallback:
            is_valid = name in _VALIDATORS and _VALIDATORS[name](value)
            needs_fallback = not is_valid
            if is_valid:
                found.setdefault(name, value)
    return found, content[end:].lstrip("\r\n") if end else content


def _apply(base: Decorated, found: dict[str, str]) -> Decorated:
    entry = base.entry
    if "position" in found:
        entry = replace(entry, position=_POSITIONS[found["position"]])
    elif "depth" in found:
        entry = replace(entry, position="depth", depth=int(found["depth"]))
    if "role" in found:
        entry = replace(entry, role=cast("type[str]", found["role"]))  # type: ignore[arg-type]
    if "scan_depth" in found:
        entry = replace(entry, scan_depth=int(found["scan_depth"]))
    if "is_greeting" in found:
        entry = replace(entry, greetings=(int(found["is_greeting"]),))
    forced = True if "activate" in found else False if "dont_activate" in found else None
    return replace(
        base,
        entry=entry,
        additional=_list(found.get("additional_keys", "")),
        excluded=_list(found.get("exclude_keys", "")),
        after=int(found.get("activate_only_after", 0)),
        every=int(found.get("activate_only_every", 0)),
        forced=forced,
        forever="keep_activate_after_match" in found,
        once="dont_activate_after_match" in found,
        yielding="ignore_on_max_context" in found,
    )


def _list(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 9


def _anything(value: str) -> bool:
    return True


def _has_keys(value: str) -> bool:
    return bool(_list(value))


_VALIDATORS: dict[str, Callable[[str], bool]] = {
    "activate_only_after": _is_number,
    "activate_only_every": lambda value: _is_number(value) and int(value) > 0,
    "keep_activate_after_match": _anything,
    "dont_activate_after_match": _anything,
    "depth": _is_number,
    "role": lambda value: value in ("assistant", "system", "user"),
    "scan_depth": _is_number,
    "is_greeting": _is_number,
    "position": lambda value: value in _POSITIONS,
    "ignore_on_max_context": _anything,
    "additional_keys": _has_keys,
    "exclude_keys": _has_keys,
    "activate": _anything,
    "dont_activate": _anything,
}
