"""Converts other programs' world files: standalone lorebooks with entries keyed by number.

Under ``ORIGIN``, each entry stores its key (``uid``) and a patch ``w`` of everything that does not
map to our fields. Chub's files hold some settings of each entry twice, under the names of cards,
too; the book stores the names of these ``copies``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from rpterm.cards.card import Lorebook, LoreEntry
from rpterm.cards.exchange.containers.jsonio import same_json
from rpterm.cards.exchange.documents.book import (
    check_count,
    common_fields,
    hoist_common_patches,
    is_entry,
    read_settings,
)
from rpterm.cards.exchange.documents.entry import (
    ORIGIN,
    OUTLET,
    POSITIONS,
    key_texts,
    note_unsupported,
    recurses,
    setting_fields,
    settings_of,
    usable_keys,
    usual_whole_words,
)
from rpterm.cards.exchange.documents.fields import Fields
from rpterm.cards.exchange.documents.patch import Table, apply, diff, merge_common, without
from rpterm.cards.exchange.notes import ImportNotes
from rpterm.foreign_json import as_mapping, as_texts

_COPIES: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "keys": lambda entry: entry.get("key"),
    "secondary_keys": lambda entry: entry.get("keysecondary"),
    "insertion_order": lambda entry: entry.get("order"),
    "enabled": lambda entry: entry.get("disable") is False,
}
"""Key of an entry → what it is a copy of."""
_CAPITAL, _AFTER_UNDERSCORE = re.compile("[A-Z]"), re.compile("_([a-z])")
_SAME_NAMES = {"selectiveLogic", "useProbability"}
"""Settings whose names are the same in a card's ``extensions``; there, the others have underscores
instead of capitals."""


def is_world(raw: Mapping[str, Any]) -> bool:
    """Whether this is a world file: entries keyed by number, or with ``key`` for ``keys``."""
    entries = raw.get("entries")
    if isinstance(entries, Mapping):
        return not entries or any(isinstance(each, Mapping) for each in entries.values())
    return isinstance(entries, list) and any(
        isinstance(each, Mapping) and "key" in each for each in entries
    )


def read_world(raw: Mapping[str, Any], notes: ImportNotes) -> Lorebook | None:
    """Read a world file's lorebook; ``None`` if it is not a world file."""
    if not is_world(raw):
        return None
    listed = raw["entries"]
    pairs = list(listed.items()) if isinstance(listed, Mapping) else list(enumerate(listed))
    check_count(len(pairs))
    copies = [name for name in _COPIES if _is_copy(name, [each for _, each in pairs])]
    entries = [
        _read_entry(each, str(key), number, notes, copies)
        for number, (key, each) in enumerate(pairs, 1)
        if is_entry(each, f"world entry {number}", notes)
    ]
    recursive = any(recurses(as_mapping(each)) for _, each in pairs)
    settings = read_settings(Fields(raw, notes, "world"), recursive)
    book = replace(settings, entries=tuple(entries))
    origin: Table = {"format": "world"}
    patch = diff(common_fields(book), without(raw, "entries"))
    origin |= {"book": patch} if patch else {}
    origin |= {"list": True} if isinstance(listed, list) else {}
    origin |= {"copies": copies} if copies else {}
    return hoist_common_patches(book, origin)


def write_world(book: Lorebook) -> dict[str, Any]:
    """The lorebook as a world file, with the patches of its original applied."""
    origin = as_mapping(book.extensions.get(ORIGIN))
    origin = origin if origin.get("format") == "world" else {}
    common = as_mapping(origin.get("common"))
    entries: Table = {}
    for entry in book.entries:
        own = entry.extensions.get(ORIGIN)
        own = own if isinstance(own, Mapping) else None
        key = str(own["key"]) if own and "key" in own else _free_key(entries)
        key = key if key not in entries else _free_key(entries)
        base = _base_entry(entry, key)
        if own is not None and origin:
            base = apply(base, merge_common(own.get("w"), common.get("w")))
        base |= {name: _COPIES[name](base) for name in origin.get("copies", ()) if name in _COPIES}
        entries[key] = base
    document = apply(common_fields(book), origin.get("book"))
    document["entries"] = list(entries.values()) if origin.get("list") else entries
    return document


def _free_key(entries: Table) -> str:
    number = len(entries)
    while str(number) in entries:
        number += 1
    return str(number)


def _is_copy(name: str, entries: Iterable[Any]) -> bool:
    """Whether a key of all entries is a copy of another key."""
    tables = [as_mapping(each) for each in entries]
    return bool(tables) and all(
        name in each and same_json(each[name], _COPIES[name](each)) for each in tables
    )


def _read_entry(
    raw: Mapping[str, Any], key: str, number: int, notes: ImportNotes, copies: Iterable[str]
) -> LoreEntry:
    embedded = {"key": raw.get("keys"), "keysecondary": raw.get("secondary_keys")}
    fields = Fields({**embedded, **raw}, notes, f"world entry {number}")
    settings = Fields({_in_cards(name): raw[name] for name in raw}, notes, fields.where)
    keys, secondary = (
        usable_keys(key_texts(fields, "key"), fields),
        key_texts(fields, "keysecondary"),
    )
    included, excluded = _characters(raw.get("characterFilter"))
    filters = {"characters": included, "exclude_characters": excluded}
    entry = LoreEntry(
        keys=keys,
        content=fields.text("content"),
        comment=fields.text("comment"),
        secondary_keys=usable_keys(secondary, fields) if fields.flag("selective", True) else (),
        enabled=not fields.flag("disable"),
        constant=fields.flag("constant"),
        case_sensitive=fields.flag("caseSensitive"),
        order=fields.integer("order", 100),
        whole_words=settings.flag("match_whole_words", usual_whole_words(keys)),
        **(setting_fields(settings, "before_card") | filters),
    )
    is_keyed, is_outlet = bool(entry.keys or entry.constant), raw.get("position") == OUTLET
    note_unsupported(settings.table, is_keyed, is_outlet, notes)
    origin: Table = {"key": key}
    patch = diff(_base_entry(entry, key), without(raw, *copies))
    origin |= {"w": patch} if patch else {}
    return replace(entry, extensions={ORIGIN: origin})


def _in_cards(name: str) -> str:
    """The name of a world's setting in a card."""
    if name in _SAME_NAMES:
        return name
    return _CAPITAL.sub(lambda each: f"_{each[0].lower()}", name)


def _base_entry(entry: LoreEntry, key: str) -> Table:
    base: Table = {
        "uid": int(key) if key.isascii() and key.isdigit() and len(key) < 15 else key,
        "key": list(entry.keys),
        "keysecondary": list(entry.secondary_keys),
        "content": entry.content,
        "comment": entry.comment or entry.name,
        "selective": True,
        "order": entry.order,
        "position": POSITIONS.index(entry.position),
        "disable": not entry.enabled,
        "constant": entry.constant,
        "depth": entry.depth,
        "role": None,
        "probability": entry.probability,
        "matchWholeWords": None,
    }
    settings = without(settings_of(entry), "useProbability")
    base |= {_AFTER_UNDERSCORE.sub(lambda each: each[1].upper(), k): settings[k] for k in settings}
    if entry.case_sensitive:
        base["caseSensitive"] = True
    if entry.characters or entry.exclude_characters:
        names = list(entry.characters or entry.exclude_characters)
        base["characterFilter"] = {"isExclude": not entry.characters, "names": names, "tags": []}
    return base


def _characters(raw: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The included and the excluded characters of a filter."""
    given = as_mapping(raw)
    kept = tuple(each for each in as_texts(given.get("names")) if each.isprintable())
    return ((), kept) if given.get("isExclude") else (kept, ())
