"""Stores the fields that only rpterm has in other programs' documents and reads them back.

They are stored in ``extensions.rpterm``. Attributes, relations, style and limits are also written
to ``personality``, one per line, where every program reads them. If another program has changed
that text, its lines become the attributes and the copy in ``extensions.rpterm`` is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from rpterm.cards.card import CharacterCard, Example, Probe
from rpterm.cards.exchange.notes import ImportNotes
from rpterm.cards.format import key_table, value_checks
from rpterm.cards.format.value_checks import Report
from rpterm.foreign_json import as_mapping

_LINES = ("attributes", "relations", "style", "limits")
_TEXTS = ("tagline", "knows_until", "user_name", "user_description")
_KEYS = {key.field: key for table in ("", "persona", "user") for key in key_table.TABLES[table]}


def personality(card: CharacterCard) -> str:
    """All claims about the character, as one text."""
    return "\n".join(line for name in _LINES for line in getattr(card, name))


def write(card: CharacterCard) -> dict[str, Any]:
    """The contents of ``extensions.rpterm``; empty for a card that does not need it."""
    own: dict[str, Any] = {}
    if any(getattr(card, name) for name in _LINES[1:]):
        own["persona"] = {name: list(getattr(card, name)) for name in _LINES}
    own |= {name: getattr(card, name) for name in _TEXTS if getattr(card, name)}
    if card.sampling:
        own["sampling"] = dict(card.sampling)
    if card.tests:
        own["tests"] = [_nonempty_fields(probe) for probe in card.tests]
    pinned = [number for number, example in enumerate(card.examples) if example.pinned]
    if pinned:
        own["pinned"] = pinned
    return own


def read(card: CharacterCard, own: Any, notes: ImportNotes) -> tuple[CharacterCard, bool]:
    """Apply ``extensions.rpterm`` to a card; the flag tells whether the card covers all of it."""
    if not isinstance(own, Mapping):
        return card, False
    report = Report()
    changed = replace(card, **_read_fields(own, report))
    persona = own.get("persona")
    if isinstance(persona, Mapping):
        lines: dict[str, Any] = {
            name: _check_value(name, persona.get(name, []), report) or () for name in _LINES
        }
        split = replace(card, **lines)
        if personality(split) == personality(card):
            claims: dict[str, Any] = {n: tuple(filter(str.strip, lines[n])) for n in _LINES}
            changed = replace(changed, **claims)
        else:
            notes.add("Another program changed personality: its lines are now the attributes.")
    if report.found:
        return card, False
    changed = _with_pinned(changed, own.get("pinned"))
    return changed, write(changed).keys() == own.keys()


def _read_fields(own: Mapping[str, Any], report: Report) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _TEXTS:
        value = _check_value(name, own[name], report) if name in own else None
        if value is not None and (name != "knows_until" or value_checks.is_year_or_date(value)):
            found[name] = value
    if isinstance(own.get("sampling"), Mapping):
        found["sampling"] = _checked("sampling", own["sampling"], report)
    if isinstance(own.get("tests"), list):
        found["tests"] = tuple(_read_probe(each, report) for each in own["tests"])
    return found


def _with_pinned(card: CharacterCard, numbers: Any) -> CharacterCard:
    """Mark the examples that were pinned."""
    if not isinstance(numbers, list):
        return card
    examples = tuple(
        Example(example.dialogue, pinned=number in numbers)
        for number, example in enumerate(card.examples)
    )
    return replace(card, examples=examples)


def _check_value(name: str, value: Any, report: Report) -> Any:
    return value_checks.check(_KEYS[name], value, (name,), report)


def _read_probe(raw: Any, report: Report) -> Probe:
    found = _checked("test", raw, report)
    if not found.get("user"):
        report.add(("tests",), "A test has no user message.")
        found["user"] = ()
    return Probe(**found)


def _checked(table: str, raw: Any, report: Report) -> dict[str, Any]:
    """The values of the known keys of a table."""
    known, values = {key.name: key for key in key_table.TABLES[table]}, as_mapping(raw)
    return {
        name: value_checks.check(known[name], values[name], (table, name), report)
        for name in values
        if name in known
    }


def _nonempty_fields(probe: Probe) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for item in fields(Probe):
        value = getattr(probe, item.name)
        if value not in ((), "", None):
            plain[item.name] = list(value) if isinstance(value, tuple) else value
    return plain
