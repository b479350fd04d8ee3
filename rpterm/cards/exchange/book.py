"""A lorebook ↔ ``character_book`` of a card, and the standalone ``lorebook_v3``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from rpterm.cards.card import Lorebook, LoreEntry
from rpterm.cards.exchange.entry import ORIGIN, base_entry, read_entry, write_entry
from rpterm.cards.exchange.mend import Mend
from rpterm.cards.exchange.patch import Table, apply, diff, hoist
from rpterm.cards.exchange.problem import ExchangeError

MAX_ENTRIES = 4000
"""More do not fit into a card's file anyway, which has a megabyte at most."""


def read_book(raw: Mapping[str, Any], mend: Mend, spec: str) -> Lorebook | None:
    """A book; ``None`` where it has no entries in a form that is known.

    What is no entry at all among them is told and left out.
    """
    listed = raw.get("entries")
    if not isinstance(listed, list):
        return None
    tables = [each for each in listed if isinstance(each, Mapping)]
    if (listed and not tables) or any("key" in each and "keys" not in each for each in tables):
        return None
    check_count(len(listed))
    entries = [
        read_entry(each, number, mend, spec)
        for number, each in enumerate(listed, 1)
        if is_entry(each, f"lorebook entry {number}", mend)
    ]
    ext = raw.get("extensions")
    own = dict(ext) if isinstance(ext, Mapping) else {}
    own.pop(ORIGIN, None)
    book = Lorebook(
        name=mend.line(raw.get("name"), "lorebook: name"),
        description=mend.text(raw.get("description"), "lorebook: description"),
        scan_depth=mend.whole(raw.get("scan_depth"), "lorebook: scan_depth", 2, 0),
        budget=mend.whole(raw.get("token_budget"), "lorebook: token_budget", 0, 0),
        recursive=mend.flag(raw.get("recursive_scanning"), "lorebook: recursive_scanning", False),
        extensions=own,
    )
    origin: Table = {}
    patch = diff(_base(book), {key: value for key, value in raw.items() if key != "entries"})
    if patch:
        origin["book"] = patch
    return pack(replace(book, entries=tuple(entries)), origin)


def is_entry(value: Any, where: str, mend: Mend) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value can be an entry; one that cannot is told."""
    if isinstance(value, Mapping):
        return True
    mend.note(f"{where} was left out: it is {_kind(value)} and no object with keys and content.")
    return False


def _kind(value: Any) -> str:
    kinds = {type(None): "null", str: "text", list: "a list", bool: "true or false"}
    return kinds.get(type(value), "a number")


def check_count(count: int) -> None:
    """Refuse a book of too many entries.

    Raises:
        ExchangeError: It is one.
    """
    if count > MAX_ENTRIES:
        raise ExchangeError(
            f"The lorebook has {count:,} entries; a card can have {MAX_ENTRIES:,}: split it."
        )


def pack(book: Lorebook, origin: Table) -> Lorebook:
    """Write what the entries have in common once, and mark the book as imported."""
    origins = [dict(entry.extensions.get(ORIGIN, {})) for entry in book.entries]
    for level in ("e", "x", "w"):
        patches = [dict(each.get(level, {})) for each in origins]
        for patch in patches:
            if "set" in patch:
                patch["set"] = dict(patch["set"])
        common = hoist(patches)
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
    """The book as V2 or V3 wants it, patched to what it was.

    Args:
        entries: Those to write (``book.entries`` without those that go elsewhere).
    """
    origin = book.extensions.get(ORIGIN)
    origin = origin if isinstance(origin, Mapping) else {}
    common = origin.get("common")
    common = common if isinstance(common, Mapping) else {}
    base = apply(_base(book), origin.get("book"), additive=additive)
    base["entries"] = [
        write_entry(each, spec, {} if each.world else common, additive=additive or bool(each.world))
        for each in entries
    ]
    return base


def base_book(book: Lorebook, spec: str, entries: Iterable[LoreEntry]) -> dict[str, Any]:
    """What our fields alone say of a book."""
    return {**_base(book), "entries": [base_entry(each, spec) for each in entries]}


def is_empty(book: Lorebook) -> bool:
    """Whether there is nothing to write."""
    return not book.entries and book == Lorebook()


def plain_fields(book: Lorebook) -> Table:
    """What every format calls the same: the book's own settings where they are not the defaults."""
    base: Table = {}
    if book.name:
        base["name"] = book.name
    if book.description:
        base["description"] = book.description
    if book.scan_depth != 2:
        base["scan_depth"] = book.scan_depth
    if book.budget:
        base["token_budget"] = book.budget
    if book.recursive:
        base["recursive_scanning"] = True
    return base


def _base(book: Lorebook) -> Table:
    kept = {key: value for key, value in book.extensions.items() if key != ORIGIN}
    return {"extensions": kept, **plain_fields(book)}
