"""Compares two versions of a card field by field.

Lists are compared line by line and lore entries by name or keys, so that moving or adding one does
not make all others appear changed. This module knows no files and no models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from rpterm.cards.card import CharacterCard, LoreEntry, Probe
from rpterm.cards.format.key_table import PERSONA
from rpterm.cards.lore.rules import world_name

Kind = Literal["added", "removed", "changed"]

_PERSONA = {key.name for key in PERSONA}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        field: Such as ``description``, ``persona attributes`` or ``lore Baker Street content``.
        old, new: The values as text; "" for none.
    """

    field: str
    kind: Kind
    old: str
    new: str

    def tokens(self, count: Callable[[str], int]) -> int:
        """How many tokens the new text has more than the old one."""
        return (count(self.new) if self.new else 0) - (count(self.old) if self.old else 0)


def diff(old: CharacterCard, new: CharacterCard) -> list[Change]:
    """All differences between two cards, in the order of the dataclass fields."""
    return list(_record_changes("", old, new))


def _record_changes(prefix: str, old: Any, new: Any) -> Iterator[Change]:
    for item in fields(old):
        before, after = getattr(old, item.name), getattr(new, item.name)
        if before != after:
            name = f"persona {item.name}" if item.name in _PERSONA else item.name
            yield from _field_changes(f"{prefix}{name}", before, after)


def _field_changes(field: str, old: Any, new: Any) -> Iterator[Change]:
    if is_dataclass(old):
        yield from _record_changes(f"{field} ", old, new)
    elif isinstance(old, Mapping):
        for key in {**old, **new}:
            yield from _value_change(f"{field} {key}", old.get(key), new.get(key))
    elif isinstance(old, tuple) and isinstance((*old, *new)[0], LoreEntry):
        yield from _lore_changes(old, new)
    elif isinstance(old, tuple):
        yield from _list_changes(field, old, new)
    else:
        yield from _value_change(field, old, new)


def _value_change(field: str, old: Any, new: Any) -> Iterator[Change]:
    if old != new or type(old) is not type(new):
        before, after = _text(old), _text(new)
        kind: Kind = "added" if not before else "removed" if not after else "changed"
        yield Change(field, kind, before, after)


def _list_changes(field: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Change]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        paired = min(old_end - old_start, new_end - new_start)
        for index in range(paired):
            line = new_start + index
            yield from _item_changes(f"{field} #{line + 1}", old[old_start + index], new[line])
        for index in range(old_start + paired, old_end):
            yield Change(f"{field} #{index + 1}", "removed", _text(old[index]), "")
        for index in range(new_start + paired, new_end):
            yield Change(f"{field} #{index + 1}", "added", "", _text(new[index]))


def _item_changes(field: str, old: Any, new: Any) -> Iterator[Change]:
    """A changed line, example or test; for a test, each of its changed fields."""
    if isinstance(old, Probe):
        yield from _record_changes(f"{field} ", old, new)
    else:
        yield Change(field, "changed", _text(old), _text(new))


def _lore_changes(old: tuple[LoreEntry, ...], new: tuple[LoreEntry, ...]) -> Iterator[Change]:
    before, after = _by_name(old), _by_name(new)
    for name, entry in before.items():
        if name not in after:
            yield Change(f"lore {name}", "removed", entry.content, "")
    for name, entry in after.items():
        if name not in before:
            yield Change(f"lore {name}", "added", "", entry.content)
        elif entry != before[name]:
            yield from _record_changes(f"lore {name} ", before[name], entry)
    if list(before) != list(after) and before == after:
        yield Change("lore order", "changed", ", ".join(before), ", ".join(after))


def _by_name(entries: tuple[LoreEntry, ...]) -> dict[str, LoreEntry]:
    """Entries by name or keys; repeated names are numbered."""
    by_name: dict[str, LoreEntry] = {}
    for entry in entries:
        name = entry.name or ", ".join(entry.keys) or "constant"
        name = base = f"{name} ({world_name(entry.world)})" if entry.world else name
        number = 1
        while name in by_name:
            number += 1
            name = f"{base} ({number})"
        by_name[name] = entry
    return by_name


def _text(value: Any) -> str:
    """Any value of a card, as text for display."""
    if value is None or value == {}:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    dialogue = getattr(value, "dialogue", None)
    if dialogue is not None:
        pinned = " (pinned)" if value.pinned else ""
        return "\n".join(f"{role}: {text}" for role, text in dialogue) + pinned
    if isinstance(value, Probe):
        texts = {item.name: _text(getattr(value, item.name)) for item in fields(value)}
        return "\n".join(f"{name}: {text}" for name, text in texts.items() if text)
    if isinstance(value, tuple):
        return ", ".join(_text(item) for item in value)
    return str(value)
