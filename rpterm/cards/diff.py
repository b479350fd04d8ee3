"""What changed between two versions of a card, field by field.

Lists are compared line by line, lore entries by name or keys, so that moving or adding one does
not make all others look changed. It knows no files and no models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from rpterm.cards.card import CharacterCard, LoreEntry, Probe
from rpterm.cards.layout import PERSONA
from rpterm.cards.lore.rules import world_name

Kind = Literal["added", "removed", "changed"]

_PERSONA = {key.name for key in PERSONA}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        field: Like ``description``, ``persona attributes`` or ``lore Baker Street content``.
        old, new: As text; "" where there is none.
    """

    field: str
    kind: Kind
    old: str
    new: str

    def tokens(self, count: Callable[[str], int]) -> int:
        """By how many tokens the new text is longer."""
        return (count(self.new) if self.new else 0) - (count(self.old) if self.old else 0)


def diff(old: CharacterCard, new: CharacterCard) -> list[Change]:
    """All differences, in the order of the record's fields; equal cards have none."""
    return list(_record("", old, new))


def _record(head: str, old: Any, new: Any) -> Iterator[Change]:
    for item in fields(old):
        before, after = getattr(old, item.name), getattr(new, item.name)
        if before != after:
            place = f"persona {item.name}" if item.name in _PERSONA else item.name
            yield from _value(f"{head}{place}", before, after)


def _value(field: str, old: Any, new: Any) -> Iterator[Change]:
    if is_dataclass(old):
        yield from _record(f"{field} ", old, new)
    elif isinstance(old, Mapping):
        for key in {**old, **new}:
            yield from _plain(f"{field} {key}", old.get(key), new.get(key))
    elif isinstance(old, tuple) and _entries(old, new):
        yield from _lore(old, new)
    elif isinstance(old, tuple):
        yield from _lines(field, old, new)
    else:
        yield from _plain(field, old, new)


def _plain(field: str, old: Any, new: Any) -> Iterator[Change]:
    if old != new or type(old) is not type(new):
        before, after = _text(old), _text(new)
        kind: Kind = "added" if not before else "removed" if not after else "changed"
        yield Change(field, kind, before, after)


def _lines(field: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Change]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        paired = min(b - a, d - c)
        for index in range(paired):
            yield from _line(f"{field} #{c + index + 1}", old[a + index], new[c + index])
        for index in range(a + paired, b):
            yield Change(f"{field} #{index + 1}", "removed", _text(old[index]), "")
        for index in range(c + paired, d):
            yield Change(f"{field} #{index + 1}", "added", "", _text(new[index]))


def _line(field: str, old: Any, new: Any) -> Iterator[Change]:
    """A line, an example or a test that became another one; of a test, what changed in it."""
    if isinstance(old, Probe):
        yield from _record(f"{field} ", old, new)
    else:
        yield Change(field, "changed", _text(old), _text(new))


def _entries(old: tuple[Any, ...], new: tuple[Any, ...]) -> bool:
    return isinstance((*old, *new)[0], LoreEntry)


def _lore(old: tuple[LoreEntry, ...], new: tuple[LoreEntry, ...]) -> Iterator[Change]:
    before, after = _named(old), _named(new)
    for name, entry in before.items():
        if name not in after:
            yield Change(f"lore {name}", "removed", entry.content, "")
    for name, entry in after.items():
        if name not in before:
            yield Change(f"lore {name}", "added", "", entry.content)
        elif entry != before[name]:
            yield from _record(f"lore {name} ", before[name], entry)
    if list(before) != list(after) and before == after:
        yield Change("lore order", "changed", ", ".join(before), ", ".join(after))


def _named(entries: tuple[LoreEntry, ...]) -> dict[str, LoreEntry]:
    """Entries by name or keys; those of the same name are numbered."""
    named: dict[str, LoreEntry] = {}
    for entry in entries:
        name = entry.name or ", ".join(entry.keys) or "constant"
        name = base = f"{name} ({world_name(entry.world)})" if entry.world else name
        number = 1
        while name in named:
            number += 1
            name = f"{base} ({number})"
        named[name] = entry
    return named


def _text(value: Any) -> str:
    """Any value of a card as text to show."""
    if value is None or value == () or value == {}:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    dialogue = getattr(value, "dialogue", None)
    if dialogue is not None:
        pinned = " (pinned)" if value.pinned else ""
        return "\n".join(f"{role}: {text}" for role, text in dialogue) + pinned
    if isinstance(value, Probe):
        said = {item.name: _text(getattr(value, item.name)) for item in fields(value)}
        return "\n".join(f"{name}: {text}" for name, text in said.items() if text)
    if isinstance(value, tuple):
        return ", ".join(_text(item) for item in value)
    return str(value)
