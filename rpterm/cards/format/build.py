"""Builds a ``CharacterCard`` from parsed TOML data and adds problems to a ``Report`` by path.

It knows the card's dataclasses and the key table, but no files and no line numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rpterm.cards.card import CharacterCard, Example, Lorebook, LoreEntry, Probe
from rpterm.cards.format import key_table, value_checks
from rpterm.cards.format.locate import Path
from rpterm.cards.format.toml_json import decode
from rpterm.cards.format.value_checks import Report, type_in_words
from rpterm.cards.lore.patterns import PatternError, TooManyPatterns, split_regex_key

Table = dict[str, Any]


def build(
    data: Table, report: Report, partial: bool = False, *, world: bool = False
) -> CharacterCard | None:
    """Build a card, or report the problems and return ``None``.

    Args:
        partial: Syntax errors cost the data some statements, so missing keys are not reported.
        world: The data is a world: lore alone, which needs no name.
    """
    if world:
        data = {"name": "World", **data}  # Every card must have a name.
    elif _is_world(data) and not partial:
        remedy = "Add it to a card with: rpterm cards join CARD WORLD."
        report.add((), "This is a world: it has lore but no character.", remedy)
        return None
    fields = _fields("", data, (), report, partial)
    for name in ("persona", "user"):
        fields |= _fields(name, _subtable(data, name, report), (name,), report, partial)
    sampling = _fields(
        "sampling", _subtable(data, "sampling", report), ("sampling",), report, partial
    )
    lore = [
        (path, entry)
        for table, path in _tables(data, "lore", report)
        if (entry := _lore_entry(table, path, report, partial))
    ]
    book = _fields("lorebook", _subtable(data, "lorebook", report), ("lorebook",), report, partial)
    examples = [_example(*each, report) for each in _tables(data, "examples", report)]
    tests = [_probe(*each, report, partial) for each in _tables(data, "test", report)]
    _check_card(fields, report)
    if not partial and not world:  # Other cards share a world.
        _check_greeting_numbers(lore, len(fields.get("greetings", ())), report)
    if world and fields.get("worlds"):
        report.add(("worlds",), "A world cannot name other worlds.", "Name them in the card.")
    if report.found or partial:
        return None
    return CharacterCard(
        **fields,
        sampling=sampling,
        lorebook=Lorebook(entries=tuple(entry for _, entry in lore), **book),
        examples=tuple(example for example in examples if example),
        tests=tuple(probe for probe in tests if probe),
    )


def _is_world(data: Table) -> bool:
    return bool(data) and data.keys() <= {"lorebook", "lore", "extensions"}


def _subtable(data: Table, name: str, report: Report) -> Table:
    table = data.get(name, {})
    if isinstance(table, dict):
        return table
    found = "a list of tables" if isinstance(table, list) else type_in_words(table)
    report.add((name,), f"This must be a table, not {found}.", f"Begin it with [{name}].")
    return {}


def _tables(data: Table, name: str, report: Report) -> list[tuple[Table, Path]]:
    """The tables of an array of tables, each with its path."""
    tables = data.get(name, [])
    remedy = f"Begin each one with [[{name}]]."
    if not isinstance(tables, list):
        report.add_wrong_type((name,), tables, "a list of tables", remedy)
        return []
    found: list[tuple[Table, Path]] = []
    for index, table in enumerate(tables):
        if isinstance(table, dict):
            found.append((table, (name, index)))
        else:
            report.add_wrong_type((name, index), table, "a table", remedy)
    return found


def _fields(name: str, data: Table, path: Path, report: Report, partial: bool) -> Table:
    """The checked values of one table, by the name of the dataclass field."""
    if report.full:
        return {}
    known = {key.name: key for key in key_table.TABLES[name]}
    fields: Table = {}
    for key_name, value in data.items():
        key = known.get(key_name)
        if key:
            good = value_checks.check(key, value, (*path, key_name), report)
            if good is not None:
                fields[key.field] = good
        elif key_name in key_table.OPEN_TABLES.get(name, ()):
            fields[key_name] = _extensions(value, (*path, key_name), report)
        elif key_name not in _read_separately(name) and not report.full:
            report.add((*path, key_name), *_unknown_key(name, key_name))
    for key in known.values():
        if key.required and key.name not in data and not partial:
            report.add(path, f"The key {key.name} is missing.", f'Add {key.name} = "…".')
    return fields


def _read_separately(name: str) -> tuple[str, ...]:
    """Keys of a table that other functions read: subtables, and keys without a ``CardKey``."""
    return tuple(key_table.TABLES) if name == "" else key_table.HAND_PARSED_KEYS.get(name, ())


def _extensions(value: Any, path: Path, report: Report) -> Table:
    if not isinstance(value, dict):
        report.add_wrong_type(path, value, "a table", "Write [extensions].")
        return {}
    try:
        return dict(decode(value))
    except (ValueError, TypeError, RecursionError):
        report.add(path, 'A "$json" value in it is not valid JSON.', "Correct or remove it.")
        return {}


def _unknown_key(table: str, name: str) -> tuple[str, str]:
    """Message and remedy for an unknown key."""
    where = f"[{table}]" if table else "a card"
    message = f"There is no key {value_checks.displayable(name)} in {where}."
    here = [key.name for key in key_table.TABLES[table]]
    here += [*key_table.OPEN_TABLES.get(table, ()), *key_table.HAND_PARSED_KEYS.get(table, ())]
    if not table:
        here += [name for name in key_table.TABLES if name]
    alias = key_table.ALIASES.get(name)
    if alias and (alias in here or alias.startswith("[")):
        return message, f"Use {alias} instead."
    from difflib import get_close_matches  # slow to import, and good cards need none

    near = get_close_matches(name.lower()[:60], here, n=1, cutoff=0.6)
    homes = [home for home, keys in key_table.TABLES.items() for key in keys if key.name == name]
    if homes and not (near and near[0] == name.lower()):
        return message, f"It belongs {_place_in_words(homes[0])}."
    if near:
        return message, f"Did you mean {near[0]}?"
    return message, "Remove it, or put it under [extensions], which may contain anything."


def _place_in_words(table: str) -> str:
    if not table:
        return "at the top of the file, before the first [table]"
    return f"under [[{table}]]" if table in key_table.ARRAYS else f"under [{table}]"


def _lore_entry(data: Table, path: Path, report: Report, partial: bool) -> LoreEntry | None:
    fields = _fields("lore", data, path, report, partial)
    for name in ("keys", "secondary_keys"):
        for index, key in enumerate(fields.get(name, ())):
            place = (*path, name) if isinstance(data[name], str) else (*path, name, index)
            if parts := split_regex_key(key):
                _check_pattern(*parts, place, report)
    if "content" not in fields:
        return None
    return LoreEntry(keys=fields.pop("keys", ()), content=fields.pop("content"), **fields)


def _check_pattern(body: str, flags: str, path: Path, report: Report) -> None:
    if report.full:
        return
    try:
        report.patterns.check(body, flags)
    except TooManyPatterns:
        if not report.patterns.exhaustion_reported:
            report.patterns.exhaustion_reported = True
            message = "From this one on, the card's regex patterns are too complex together."
            remedy = "Use plain words or shorter patterns: {500} counts 500 times."
            report.add(path, message, remedy)
    except PatternError as error:
        remedy = "Correct it; look-around and back references are not supported."
        report.add(path, f"The regex pattern is not valid: {error}.", remedy)


def _example(data: Table, path: Path, report: Report) -> Example | None:
    before = len(report.found)
    fields = _fields("examples", data, path, report, False)
    lines: Any = [(role, fields[role]) for role in ("user", "char") if role in fields]
    if "dialogue" in data:
        if lines:
            remedy = "Keep either dialogue, or user and char."
            report.add(path, "The example has dialogue as well as user or char.", remedy)
        lines = _dialogue(data["dialogue"], (*path, "dialogue"), report)
    if not lines and len(report.found) == before:
        report.add(path, "The example is empty.", 'Add user = "…" and char = "…".')
    if len(report.found) > before or not lines:
        return None
    return Example(tuple(lines), fields.get("pinned", False))


def _dialogue(value: Any, path: Path, report: Report) -> list[tuple[str, str]]:
    remedy = 'Write dialogue = [["user", "…"], ["char", "…"]].'
    if not isinstance(value, list):
        report.add_wrong_type(path, value, "a list of pairs", remedy)
        return []
    lines = []
    for index, pair in enumerate(value):
        if not (isinstance(pair, list) and len(pair) == 2 and pair[0] in ("user", "char")):
            message = 'Each line must be a pair: "user" or "char", and the text.'
            report.add((*path, index), message, remedy)
            continue
        said = value_checks.check_text(pair[1], (*path, index, 1), report)
        if said is not None:
            lines.append((pair[0], said))
    return lines


def _probe(data: Table, path: Path, report: Report, partial: bool) -> Probe | None:
    fields = _fields("test", data, path, report, partial)
    if "user" in fields and not fields["user"]:
        report.add((*path, "user"), "The test has no user message.", 'Write user = "…".')
    if fields.get("regex"):
        _check_pattern(fields["regex"], "", (*path, "regex"), report)
    return Probe(**fields) if "user" in fields else None


def _check_card(fields: Table, report: Report) -> None:
    name = fields.get("name")
    if name is not None and (not name.strip() or "\n" in name or "\r" in name):
        report.add(("name",), "The name must be one line of text.", 'Write name = "…".')
    for group in ("greetings", "group_greetings"):
        for index, greeting in enumerate(fields.get(group, ())):
            if not greeting.strip():
                remedy = "Write what the character says first, or remove it."
                report.add((group, index), "The greeting is empty.", remedy)
    until = fields.get("knows_until", "")
    if until and not value_checks.is_year_or_date(until):
        message = f"{until[:40]!a} is neither a year nor a date."
        report.add(("knows_until",), message, 'Write "1895" or "1895-04-23".')


def _check_greeting_numbers(
    lore: Sequence[tuple[Path, LoreEntry]], count: int, report: Report
) -> None:
    """Check that the greetings that the card's own entries name exist; it has ``count``."""
    for path, entry in lore:
        for place, number in enumerate(entry.greetings):
            if number >= count and not entry.world:
                message = f"There is no greeting {number}: the card has {count}."
                remedy = f"Use numbers from 0 to {count - 1}." if count else ""
                report.add((*path, "greetings", place), message, remedy)
