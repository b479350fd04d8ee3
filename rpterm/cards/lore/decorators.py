"""Decorators of V3 lorebooks: leading ``@@name value`` lines of an entry's text.

A name nobody knows here, or a value that makes no sense, is ignored and the ``@@@`` lines under it
are tried instead. All are taken out of the text. Decorators for programs that are no chat
(``instruct_…``, ``reverse_…``) and for windows (``is_user_icon``, ``disable_ui_prompt``) count as
unknown, as the specification asks of a chat.
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
        entry: Fields that decorators changed are changed; its content has no decorators.
        additional, excluded: More keys: one of the first must be there, none of the second.
        after, every: Replies of the character before it may fire; fires at each n-th only.
        forced: ``activate`` (True) or ``dont_activate`` (False).
        forever, once: Stays for good once fired; never fires again once fired.
        yielding: The first to be left out when the budget is short.
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
    """Take the decorators off an entry's text and apply them."""
    if "@@" not in entry.content:
        return Decorated(entry)
    found, text = parse(entry.content)
    return _apply(Decorated(replace(entry, content=text)), found)


def parse(content: str) -> tuple[dict[str, str], str]:
    """The decorators that count, by name, and the text without any."""
    found: dict[str, str] = {}
    wanting = False
    place = 0
    while True:
        blank = _BLANK.match(content, place)
        start = blank.end() if blank else place
        match = _LINE.match(content, start)
        if not match:
            break
        place = match.end()
        name, value = match[2].lower(), (match[3] or "").strip()
        if len(match[1]) == 2 or wanting:
            good = name in _KNOWN and _KNOWN[name](value)
            wanting = not good
            if good:
                found.setdefault(name, value)
    return found, content[place:].lstrip("\r\n") if place else content


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


def _number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 9


def _anything(value: str) -> bool:
    return True


def _keys(value: str) -> bool:
    return bool(_list(value))


_KNOWN: dict[str, Callable[[str], bool]] = {
    "activate_only_after": _number,
    "activate_only_every": lambda value: _number(value) and int(value) > 0,
    "keep_activate_after_match": _anything,
    "dont_activate_after_match": _anything,
    "depth": _number,
    "role": lambda value: value in ("assistant", "system", "user"),
    "scan_depth": _number,
    "is_greeting": _number,
    "position": lambda value: value in _POSITIONS,
    "ignore_on_max_context": _anything,
    "additional_keys": _keys,
    "exclude_keys": _keys,
    "activate": _anything,
    "dont_activate": _anything,
}
