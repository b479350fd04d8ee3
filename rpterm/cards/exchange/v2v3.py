"""``CharacterCard`` ↔ the documents of V1, V2 and V3 cards, without loss.

Reading maps every known field, and keeps what a document says beyond that as patches (see
``patch``) in ``card.extensions[ORIGIN]``: ``root`` and ``data`` for the two levels, ``ext`` for
``extensions``, ``mirrors`` for copies that some programs keep at the root. Writing makes the
document anew from the card's fields and puts the patches back. Fields that no other program knows
(attributes, limits, tests, …) travel in ``extensions.rpterm``, and as plain lines in
``personality``, so that the character is the same elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from rpterm.cards.card import CharacterCard, Lorebook, LoreEntry
from rpterm.cards.exchange import native
from rpterm.cards.exchange.book import base_book, is_empty, read_book, write_book
from rpterm.cards.exchange.dialogue import parse, render
from rpterm.cards.exchange.entry import ORIGIN, OWN, role
from rpterm.cards.exchange.jsonio import same
from rpterm.cards.exchange.mend import Mend
from rpterm.cards.exchange.patch import Table, apply, diff
from rpterm.cards.exchange.world import read_world

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
"""Key at the root → key of ``data`` that it repeats."""
_DEPTH = "depth_prompt"


def spec_of(document: Mapping[str, Any]) -> Spec:
    """Which version a document follows; one without ``data`` is V1."""
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


def read_document(document: Mapping[str, Any], name: str, mend: Mend) -> CharacterCard:
    """A card from the JSON of any version.

    Args:
        name: What to call a character without a name.
    """
    spec = spec_of(document)
    if spec == "v1":
        return _read_data(dict(document), {}, name, mend, spec)
    if document.get("spec") != SPECS[spec][0]:
        mend.note(f"The spec was {document.get('spec')!r:.40}; it was read as {spec.upper()}.")
    data = dict(document["data"])
    root = {key: value for key, value in document.items() if key != "data"}
    mirrors = [key for key in root if _mirrored(key, root[key], data)]
    patch = diff(_root(spec), {k: v for k, v in root.items() if k not in mirrors})
    origin: Table = {}
    if mirrors:
        origin["mirrors"] = mirrors
    if patch:
        origin["root"] = patch
    return _read_data(data, origin, name, mend, spec)


def write_document(card: CharacterCard, spec: Spec) -> dict[str, Any]:
    """The card as a document of a version, patched to what it was when it came from one."""
    origin = card.extensions.get(ORIGIN)
    origin = origin if isinstance(origin, Mapping) else {}
    additive = origin.get("format") != spec
    data = _write_data(card, origin, spec, additive)
    if spec == "v1":
        return data
    root: Table = _root(spec)
    if not additive:
        root = apply(root, origin.get("root"))
        root |= {k: data[MIRRORS[k]] for k in origin.get("mirrors", ()) if MIRRORS.get(k) in data}
    return {**root, "data": data}


def _root(spec: Spec) -> Table:
    return {"spec": SPECS[spec][0], "spec_version": SPECS[spec][1]}


def _mirrored(key: str, value: Any, data: Table) -> bool:
    return key in MIRRORS and MIRRORS[key] in data and same(value, data[MIRRORS[key]])


def _read_data(data: Table, origin: Table, name: str, mend: Mend, spec: Spec) -> CharacterCard:
    ext = data.get("extensions")
    ext = ext if isinstance(ext, Mapping) else None
    card = _plain_fields(data, name, mend)
    own = {key: value for key, value in (ext or {}).items() if key != ORIGIN}
    card, used = native.read(card, own.pop(OWN, None), mend)
    if not used and ext and OWN in ext:
        mend.note(f"extensions.{OWN} was not ours; it is kept aside.")
    depth = _depth_entry(own.get(_DEPTH), mend)
    if depth:
        own.pop(_DEPTH)
    book, mapped = _read_book(data.get("character_book"), mend, spec)
    entries = (*book.entries, *((depth,) if depth else ()))
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


def _plain_fields(data: Table, name: str, mend: Mend) -> CharacterCard:
    first = mend.text(data.get("first_mes"), "first_mes")
    others = mend.texts(data.get("alternate_greetings"), "alternate_greetings")
    group = mend.texts(data.get("group_only_greetings"), "group_only_greetings")
    title = mend.line(data.get("name"), "name")
    if not title:
        mend.note(f"The card has no name; it is called {name}.")
    personality = mend.text(data.get("personality"), "personality")
    examples = mend.text(data.get("mes_example"), "mes_example")
    return CharacterCard(
        name=title or name,
        nickname=mend.line(data.get("nickname"), "nickname"),
        description=mend.text(data.get("description"), "description"),
        attributes=tuple(line.strip() for line in personality.split("\n") if line.strip()),
        scenario=mend.text(data.get("scenario"), "scenario"),
        greetings=tuple(each for each in (first, *others) if each.strip()),
        group_greetings=tuple(each for each in group if each.strip()),
        examples=parse(examples, title),
        system_prompt=mend.text(data.get("system_prompt"), "system_prompt"),
        post_history_instructions=mend.text(
            data.get("post_history_instructions"), "post_history_instructions"
        ),
        tags=mend.texts(data.get("tags"), "tags"),
        creator=mend.line(data.get("creator"), "creator"),
        creator_notes=mend.text(data.get("creator_notes"), "creator_notes"),
        version=mend.line(data.get("character_version"), "character_version"),
    )


def _read_book(raw: Any, mend: Mend, spec: Spec) -> tuple[Lorebook, bool]:
    """The book, and whether it tells all of its original; else that must be kept whole."""
    if raw is None:
        return Lorebook(), False
    book = read_book(raw, mend, spec) if isinstance(raw, Mapping) else None
    if book is not None and not is_empty(book):
        # What was left out of it is in the original only.
        return book, spec != "v1" and len(book.entries) == len(raw["entries"])
    if book is None:
        world = read_world(raw, mend) if isinstance(raw, Mapping) else None
        if world is not None:
            mend.note("character_book was a world file; its entries were read.")
            return replace(world, extensions={}), False
        mend.note("character_book was no lorebook; it is kept aside.")
    return Lorebook(), False


def _write_data(
    card: CharacterCard, origin: Mapping[str, Any], spec: Spec, additive: bool
) -> dict[str, Any]:
    base = _base_data(card, spec)
    plain = base.get("character_book")
    if "extensions" in base:
        base["extensions"] = apply(base["extensions"], origin.get("ext"), additive=additive)
    data = apply(base, origin.get("data"), GROUPS, additive=additive)
    if plain is not None and data.get("character_book") is plain:
        entries = _book_entries(card)
        data["character_book"] = write_book(card.lorebook, spec, entries, additive=additive)
    return data


def _base_data(card: CharacterCard, spec: Spec) -> Table:
    """What our fields alone say."""
    greetings = list(card.greetings)
    base: Table = {
        "name": card.name,
        "description": card.description,
        "personality": native.personality(card),
        "scenario": card.scenario,
        "first_mes": greetings[0] if greetings else "",
        "mes_example": render(card.examples),
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
    if not is_empty(replace(card.lorebook, entries=entries)):
        base["character_book"] = base_book(card.lorebook, spec, entries)
    return base


def _book_entries(card: CharacterCard) -> tuple[LoreEntry, ...]:
    return tuple(each for each in card.lorebook.entries if not _is_depth(each))


def _base_extensions(card: CharacterCard) -> Table:
    ext = {key: value for key, value in card.extensions.items() if key != ORIGIN}
    depth = next((each for each in card.lorebook.entries if _is_depth(each)), None)
    if depth is not None:
        number = {"prompt": depth.content, "depth": depth.depth, "role": depth.role}
        ext[_DEPTH] = number
    own = native.write(card)
    if own:
        ext[OWN] = own
    return ext


def _depth_entry(raw: Any, mend: Mend) -> LoreEntry | None:
    """A card's own note at a depth, as a constant entry at that depth."""
    if not isinstance(raw, Mapping):
        return None
    text = mend.text(raw.get("prompt"), "depth_prompt")
    if not text.strip():
        return None
    mend.note("depth_prompt became a constant lorebook entry at its depth.")
    return LoreEntry(
        keys=(),
        content=text,
        name=_DEPTH,
        constant=True,
        position="depth",
        depth=mend.whole(raw.get("depth"), "depth_prompt: depth", 4, 0),
        role=role(raw.get("role"), "depth_prompt", mend),
        extensions={ORIGIN: {"from": _DEPTH}},
    )


def _is_depth(entry: LoreEntry) -> bool:
    origin = entry.extensions.get(ORIGIN)
    return not entry.world and isinstance(origin, Mapping) and origin.get("from") == _DEPTH
