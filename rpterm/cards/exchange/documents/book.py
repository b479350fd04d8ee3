"""Converts lorebooks from and to a card's ``character_book`` and the standalone ``lorebook_v3``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from rpterm.cards.card import Lorebook, LoreEntry
from rpterm.cards.exchange.documents.entry import (
    ORIGIN,
    base_entry,
    read_entry,
    recurses,
    write_entry,
)
from rpterm.cards.exchange.documents.fields import Fields
from rpterm.cards.exchange.documents.patch import Table, apply, diff, hoist_common, without
from rpterm.cards.exchange.errors import ExchangeError
from rpterm.cards.exchange.notes import ImportNotes
from rpterm.foreign_json import as_mapping

MAX_ENTRIES = 4000
"""More would not fit into a card file anyway, which has at most a megabyte."""
_SETTINGS = {
    "name": "name", "description": "description", "scan_depth": "scan_depth",
    "budget": "token_budget", "recursive": "recursive_scanning",
}  # fmt: skip
"""Field of ``Lorebook`` → key in all formats."""


def is_book(raw: Mapping[str, Any]) -> bool:
    """Whether this is a list of entries with ``keys``, outside of a card."""
    entries = raw.get("entries")
    return isinstance(entries, list) and any(
        isinstance(each, Mapping) and "keys" in each and "content" in each for each in entries
    )


def read_book(raw: Mapping[str, Any], notes: ImportNotes, spec: str) -> Lorebook | None:
    """Read a lorebook; ``None`` if it has no entries in a known form.

    List items that are not entries are left out with a note.
    """
    listed = raw.get("entries")
    if not isinstance(listed, list):
        return None
    tables = [each for each in listed if isinstance(each, Mapping)]
    if (listed and not tables) or any("key" in each and "keys" not in each for each in tables):
        return None
    check_count(len(listed))
    entries = [
        read_entry(each, number, notes, spec)
        for number, each in enumerate(listed, 1)
        if is_entry(each, f"lorebook entry {number}", notes)
    ]
    own = without(as_mapping(raw.get("extensions")), ORIGIN)
    recursive = any(recurses(as_mapping(each.get("extensions"))) for each in tables)
    settings = read_settings(Fields(raw, notes, "lorebook"), recursive)
    book = replace(settings, extensions=own)
    patch = diff(_base_fields(book), without(raw, "entries"))
    origin: Table = {"book": patch} if patch else {}
    return hoist_common_patches(replace(book, entries=tuple(entries)), origin)


def read_settings(fields: Fields, recursive: bool) -> Lorebook:
    """A book without entries; all formats use the same keys for its settings.

    Args:
        recursive: Whether entries fire each other if the book does not say.
    """
    return Lorebook(
        name=fields.line("name"),
        description=fields.text("description"),
        scan_depth=fields.integer("scan_depth", 2, 0),
        budget=fields.integer("token_budget", 0, 0),
        recursive=fields.flag("recursive_scanning", recursive),
    )


def is_entry(value: Any, where: str, notes: ImportNotes) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value can be an entry; if not, a note is added."""
    if isinstance(value, Mapping):
        return True
    notes.add(
        f"{where} was left out: it is {_json_type(value)}, not an object with keys and content."
    )
    return False


def _json_type(value: Any) -> str:
    kinds = {type(None): "null", str: "text", list: "a list", bool: "true or false"}
    return kinds.get(type(value), "a number")


def check_count(count: int) -> None:
    """Check the number of entries of a book.

    Raises:
        ExchangeError: There are too many.
    """
    if count > MAX_ENTRIES:
        raise ExchangeError(
            f"The lorebook has {count:,} entries; split it: a card can have {MAX_ENTRIES:,}."
        )


def hoist_common_patches(book: Lorebook, origin: Table) -> Lorebook:
    """Move the patches that entries share to the book, and mark the book as imported."""
    origins = [dict(entry.extensions.get(ORIGIN, {})) for entry in book.entries]
    for level in ("e", "x", "w"):
        patches = [dict(each.get(level, {})) for each in origins]
        for patch in patches:
            if "set" in patch:
                patch["set"] = dict(patch["set"])
        common = hoist_common(patches)
        if common:
            origin.setdefault("common", {})[level] = common
        for each, patch in zip(origins, patches, strict=True):
            each.pop(level, None)
            if patch:
                each[level] = patch
    entries = tuple(
        replace(entry, extensions={**entry.extensions, ORIGIN: each})
        for entry, each in zip(book.entries, origins, strict=True)
    )
    extensions = {**book.extensions, ORIGIN: origin} if origin else dict(book.extensions)
    return replace(book, entries=entries, extensions=extensions)


def write_book(
    book: Lorebook, spec: str, entries: Iterable[LoreEntry], *, additive: bool
) -> dict[str, Any]:
    """The book in the form of V2 or V3, with the patches of its original applied.

    Args:
        entries: The entries to write: ``book.entries`` without those that are exported elsewhere.
        additive: The original had a different format.
    """
    origin = as_mapping(book.extensions.get(ORIGIN))
    common = as_mapping(origin.get("common"))
    base = apply(_base_fields(book), origin.get("book"), additive=additive)
    base["entries"] = [
        write_entry(each, spec, {} if each.world else common, additive=additive or bool(each.world))
        for each in entries
    ]
    return base


def base_book(book: Lorebook, spec: str, entries: Iterable[LoreEntry]) -> dict[str, Any]:
    """The book as our fields alone describe it, without patches."""
    return {**_base_fields(book), "entries": [base_entry(each, spec) for each in entries]}


def common_fields(book: Lorebook) -> Table:
    """The book's settings that differ from the defaults; all formats use the same keys for them."""
    usual = Lorebook()
    return {
        theirs: getattr(book, ours)
        for ours, theirs in _SETTINGS.items()
        if getattr(book, ours) != getattr(usual, ours)
    }


def _base_fields(book: Lorebook) -> Table:
    return {"extensions": without(book.extensions, ORIGIN), **common_fields(book)}
