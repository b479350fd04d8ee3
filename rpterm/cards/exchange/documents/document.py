"""Converts a ``CharacterCard`` from and to V1, V2 and V3 card documents without loss.

Reading maps every known field and stores the rest of the document as patches (see ``patch``) in
``card.extensions[ORIGIN]``: ``root`` and ``data`` for the two levels, ``ext`` for ``extensions``,
``mirrors`` for the copies that some programs keep at the root. Writing builds the document from
the card's fields and applies the patches. Fields that no other program knows (attributes, limits,
tests, …) are stored in ``extensions.rpterm`` and as plain lines in ``personality``, so that the
character is the same elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from rpterm.cards.card import CharacterCard, Lorebook, LoreEntry
from rpterm.cards.exchange.containers.jsonio import same_json
from rpterm.cards.exchange.documents import own_fields
from rpterm.cards.exchange.documents.book import base_book, read_book, write_book
from rpterm.cards.exchange.documents.dialogue import parse_examples, render_examples
from rpterm.cards.exchange.documents.entry import ORIGIN, RPTERM_KEY, read_role
from rpterm.cards.exchange.documents.fields import Fields
from rpterm.cards.exchange.documents.patch import Table, apply, diff, without
from rpterm.cards.exchange.documents.world_file import read_world
from rpterm.cards.exchange.notes import ImportNotes
from rpterm.foreign_json import as_mapping
from rpterm.humanize import counted

Spec = Literal["v1", "v2", "v3"]
SPECS = {"v2": ("chara_card_v2", "2.0"), "v3": ("chara_card_v3", "3.0")}
_GREETINGS = ("first_mes", "alternate_greetings")
GROUPS = dict.fromkeys(_GREETINGS, _GREETINGS)
MIRRORS = {
    "name": "name", "description": "description", "personality": "personality",
    "scenario": "scenario", "first_mes": "first_mes", "mes_example": "mes_example",
    "tags": "tags", "creatorcomment": "creator_notes", "creator_notes": "creator_notes",
    "creator": "creator", "character_version": "character_version",
    "system_prompt": "system_prompt", "alternate_greetings": "alternate_greetings",
    "post_history_instructions": "post_history_instructions",
}  # fmt: skip
"""Key at the root → key of ``data`` that it duplicates."""
_DEPTH_PROMPT = "depth_prompt"


def spec_of(document: Mapping[str, Any]) -> Spec:
    """The version of a document; one without ``data`` is V1."""
    if not isinstance(document.get("data"), Mapping):
        return "v1"
    spec, version = document.get("spec"), document.get("spec_version")
    if spec == "chara_card_v2":
        return "v2"
    if spec == "chara_card_v3":
        return "v3"
    try:
        return "v3" if float(version) >= 3 else "v2"  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return "v2"


def read_document(document: Mapping[str, Any], name: str, notes: ImportNotes) -> CharacterCard:
    """Read a card from a document of any version.

    Args:
        name: The name of a character that has none.
    """
    spec = spec_of(document)
    if spec == "v1":
        return _read_data(dict(document), {}, name, notes, spec)
    if document.get("spec") != SPECS[spec][0]:
        notes.add(f"The spec was {document.get('spec')!r:.40}; it was read as {spec.upper()}.")
    data = dict(document["data"])
    root = without(document, "data")
    mirrors = [key for key in root if _is_mirror(key, root[key], data)]
    patch = diff(_base_root(spec), without(root, *mirrors))
    origin: Table = {}
    if mirrors:
        origin["mirrors"] = mirrors
    if patch:
        origin["root"] = patch
    return _read_data(data, origin, name, notes, spec)


def write_document(card: CharacterCard, spec: Spec) -> dict[str, Any]:
    """The card as a document of a version, with the patches of its original applied."""
    origin = as_mapping(card.extensions.get(ORIGIN))
    additive = origin.get("format") != spec
    data = _write_data(card, origin, spec, additive)
    if spec == "v1":
        return data
    root: Table = _base_root(spec)
    root = apply(root, origin.get("root"), additive=additive)
    root |= {k: data[MIRRORS[k]] for k in origin.get("mirrors", ()) if MIRRORS.get(k) in data}
    return {**root, "data": data}


def _base_root(spec: Spec) -> Table:
    return {"spec": SPECS[spec][0], "spec_version": SPECS[spec][1]}


def _is_mirror(key: str, value: Any, data: Table) -> bool:
    return key in MIRRORS and MIRRORS[key] in data and same_json(value, data[MIRRORS[key]])


def _read_data(
    data: Table, origin: Table, name: str, notes: ImportNotes, spec: Spec
) -> CharacterCard:
    ext = data.get("extensions")
    ext = ext if isinstance(ext, Mapping) else None
    card = _mapped_fields(Fields(data, notes), name)
    own = without(ext or {}, ORIGIN)
    _note_scripts(own, notes)
    card, used = own_fields.read(card, own.pop(RPTERM_KEY, None), notes)
    if not used and ext and RPTERM_KEY in ext:
        notes.add(f"extensions.{RPTERM_KEY} is not from rpterm; it is kept for export only.")
    depth_entry = _read_depth_prompt(own.get(_DEPTH_PROMPT), notes)
    if depth_entry:
        own.pop(_DEPTH_PROMPT)
    book, mapped = _read_book(data.get("character_book"), notes, spec)
    entries = (*book.entries, *((depth_entry,) if depth_entry else ()))
    card = replace(card, extensions=own, lorebook=replace(book, entries=entries))
    origin = {"format": spec, **origin}
    base = _base_data(card, spec)
    rest = dict(data)
    if mapped:
        rest.pop("character_book", None)
        base.pop("character_book", None)
    if ext is not None and spec != "v1":
        patch = diff(base.pop("extensions", {}), dict(ext))
        rest.pop("extensions")
        origin |= {"ext": patch} if patch else {}
    patch = diff(base, rest, GROUPS)
    origin |= {"data": patch} if patch else {}
    return replace(card, extensions={**own, ORIGIN: origin})


def _note_scripts(ext: Mapping[str, Any], notes: ImportNotes) -> None:
    """Note scripts of other programs, which are kept for export but not run."""
    risu = as_mapping(ext.get("risuai"))
    lists = (ext.get("regex_scripts"), risu.get("customScripts"), risu.get("triggerscript"))
    count = sum(len(each) for each in lists if isinstance(each, list))
    if count:
        notes.add(f"{counted(count, 'script')} of the other program kept for export only.")


def _mapped_fields(data: Fields, name: str) -> CharacterCard:
    greetings = (data.text("first_mes"), *data.texts("alternate_greetings"))
    group, personality = data.texts("group_only_greetings"), data.text("personality")
    title = data.line("name")
    if not title:
        data.notes.add(f"The card has no name; it was named {name}.")
    return CharacterCard(
        name=title or name,
        nickname=data.line("nickname"),
        description=data.text("description"),
        attributes=tuple(line.strip() for line in personality.split("\n") if line.strip()),
        scenario=data.text("scenario"),
        greetings=tuple(each for each in greetings if each.strip()),
        group_greetings=tuple(each for each in group if each.strip()),
        examples=parse_examples(data.text("mes_example"), title),
        system_prompt=data.text("system_prompt"),
        post_history_instructions=data.text("post_history_instructions"),
        tags=tuple(each for each in data.texts("tags", ",") if each.strip()),
        creator=data.line("creator"),
        creator_notes=data.text("creator_notes"),
        version=data.line("character_version"),
    )


def _read_book(raw: Any, notes: ImportNotes, spec: Spec) -> tuple[Lorebook, bool]:
    """The book, and whether it covers all of its original; if not, that must be stored entirely."""
    if raw is None:
        return Lorebook(), False
    book = read_book(raw, notes, spec) if isinstance(raw, Mapping) else None
    if book is not None and book != Lorebook():
        # Entries that were left out exist only in the original.
        return book, spec != "v1" and len(book.entries) == len(raw["entries"])
    if book is None:
        world = read_world(raw, notes) if isinstance(raw, Mapping) else None
        if world is not None:
            return replace(world, extensions={}), False
        notes.add("character_book was not a lorebook; it is kept for export only.")
    return Lorebook(), False


def _write_data(
    card: CharacterCard, origin: Mapping[str, Any], spec: Spec, additive: bool
) -> dict[str, Any]:
    base = _base_data(card, spec)
    plain = base.get("character_book")
    if "extensions" in base:
        base["extensions"] = apply(base["extensions"], origin.get("ext"), additive=additive)
    data = apply(base, origin.get("data"), GROUPS, additive=additive)
    if additive:
        data["name"] = card.name  # The original may have had none.
    if plain is not None and data.get("character_book") is plain:
        entries = _book_entries(card)
        data["character_book"] = write_book(card.lorebook, spec, entries, additive=additive)
    return data


def _base_data(card: CharacterCard, spec: Spec) -> Table:
    """The document as our fields alone describe it, without patches."""
    greetings = list(card.greetings)
    base: Table = {
        "name": card.name,
        "description": card.description,
        "personality": own_fields.personality(card),
        "scenario": card.scenario,
        "first_mes": greetings[0] if greetings else "",
        "mes_example": render_examples(card.examples),
    }
    if spec == "v1":
        return base
    base |= {
        "creator_notes": card.creator_notes,
        "system_prompt": card.system_prompt,
        "post_history_instructions": card.post_history_instructions,
        "alternate_greetings": greetings[1:],
        "tags": list(card.tags),
        "creator": card.creator,
        "character_version": card.version,
        "extensions": _base_extensions(card),
    }
    if spec == "v3" or card.group_greetings:
        base["group_only_greetings"] = list(card.group_greetings)
    if card.nickname:
        base["nickname"] = card.nickname
    entries = _book_entries(card)
    if replace(card.lorebook, entries=entries) != Lorebook():
        base["character_book"] = base_book(card.lorebook, spec, entries)
    return base


def _book_entries(card: CharacterCard) -> tuple[LoreEntry, ...]:
    return tuple(each for each in card.lorebook.entries if not _is_depth_prompt(each))


def _base_extensions(card: CharacterCard) -> Table:
    ext = without(card.extensions, ORIGIN)
    entry = next((each for each in card.lorebook.entries if _is_depth_prompt(each)), None)
    if entry is not None:
        ext[_DEPTH_PROMPT] = {"prompt": entry.content, "depth": entry.depth, "role": entry.role}
    own = own_fields.write(card)
    if own:
        ext[RPTERM_KEY] = own
    return ext


def _read_depth_prompt(raw: Any, notes: ImportNotes) -> LoreEntry | None:
    """A card's ``depth_prompt``, as a constant entry at its depth."""
    if not isinstance(raw, Mapping):
        return None
    fields = Fields(raw, notes, _DEPTH_PROMPT)
    text = fields.text("prompt")
    if not text.strip():
        return None
    notes.add("depth_prompt was converted to a constant lorebook entry at the same depth.")
    return LoreEntry(
        keys=(),
        content=text,
        name=_DEPTH_PROMPT,
        constant=True,
        position="depth",
        depth=fields.integer("depth", 4, 0),
        role=read_role(fields),
        extensions={ORIGIN: {"from": _DEPTH_PROMPT}},
    )


def _is_depth_prompt(entry: LoreEntry) -> bool:
    origin = as_mapping(entry.extensions.get(ORIGIN))
    return not entry.world and origin.get("from") == _DEPTH_PROMPT
