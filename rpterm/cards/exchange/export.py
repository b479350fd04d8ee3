"""Exports a card in other programs' formats: V1, V2 and V3 JSON, PNG, CHARX, lorebook files.

An imported card is exported exactly as it was imported, apart from edits. A card written here
carries the fields that only rpterm has in ``extensions.rpterm``. Files next to the card (portrait,
assets) are read through a function that is passed in.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from rpterm.cards.card import CharacterCard
from rpterm.cards.exchange.containers import charx, jsonio, png
from rpterm.cards.exchange.documents import own_fields
from rpterm.cards.exchange.documents.book import write_book
from rpterm.cards.exchange.documents.document import Spec, write_document
from rpterm.cards.exchange.documents.entry import ORIGIN
from rpterm.cards.exchange.documents.patch import apply, fingerprint, without
from rpterm.cards.exchange.documents.world_file import write_world
from rpterm.cards.exchange.errors import ExchangeError
from rpterm.errors import InvalidChoice
from rpterm.foreign_json import as_mapping

Format = Literal["v1", "v2", "v3", "png", "charx", "world", "lorebook"]
FORMATS: tuple[Format, ...] = get_args(Format)
FILE_MARK = "rpterm-file:"
"""Prefix of a ``uri`` whose data was moved to a file: ``rpterm-file:PATH|data:…;base64,``."""
MAIN_ICON = "assets/icon/image/main"

ReadFile = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Exported:
    """The exported file's bytes, and notes about what the format cannot express."""

    data: bytes
    notes: tuple[str, ...] = ()


def export(card: CharacterCard, form: Format, read_file: ReadFile = lambda path: None) -> Exported:
    """Export a card in a format.

    Args:
        read_file: Returns a file by its path relative to the card, or ``None`` if it is missing.

    Raises:
        InvalidChoice: The format is unknown.
        ExchangeError: The card has nothing to export in this format, or lacks a file.
    """
    if form in ("v1", "v2", "v3"):
        document = build_document(card, form, read_file)
        return Exported(jsonio.dumps(document), tuple(_losses(card, form)))
    if form == "png":
        return _png(card, read_file)
    if form == "charx":
        return _charx(card, read_file)
    if form in ("world", "lorebook"):
        return _lorebook(card, form)
    raise InvalidChoice(f"There is no format {form!r}: use one of {', '.join(FORMATS)}.")


def build_document(card: CharacterCard, spec: Spec, read_file: ReadFile) -> dict[str, Any]:
    """The card's JSON document, with data that the import moved to files inlined again."""
    document = write_document(card, spec)
    data = document if spec == "v1" else document["data"]
    moved = _origin(card).get("moved")
    if isinstance(data.get("assets"), list) and isinstance(moved, list):
        data["assets"] = [_inlined(each, moved, read_file) for each in data["assets"]]
    return document


def _inlined(asset: Any, moved: list[Any], read_file: ReadFile) -> Any:
    """An asset with its data inlined; only files that the import itself created are read."""
    uri = asset.get("uri") if isinstance(asset, Mapping) else None
    if not isinstance(uri, str) or not uri.startswith(FILE_MARK):
        return asset
    path, _, head = uri.removeprefix(FILE_MARK).partition("|")
    body = read_file(path) if path in moved else None
    if body is None and path in moved:
        raise ExchangeError(f"The card's file {path} is missing: put it back next to the card.")
    if body is None:
        return asset
    return {**asset, "uri": head + base64.b64encode(body).decode("ascii")}


def _png(card: CharacterCard, read_file: ReadFile) -> Exported:
    notes: list[str] = []
    picture = read_file(card.portrait) if card.portrait else None
    if card.portrait and picture is None:
        notes.append(f"The portrait {card.portrait} is missing; a plain picture was used.")
    elif picture is not None and not png.is_whole(picture):
        picture = png.converted(picture)
        made = "was converted to PNG" if picture else "cannot be read; a plain picture was used"
        notes.append(f"The portrait {card.portrait} {made}.")
    cards = {
        "chara": jsonio.dumps(_chara_document(card, read_file), None),
        "ccv3": jsonio.dumps(build_document(card, "v3", read_file), None),
    }
    return Exported(png.write(picture or png.blank(), cards), tuple(notes))


def _chara_document(card: CharacterCard, read_file: ReadFile) -> Any:
    """The document for the ``chara`` chunk: V2, unless the original contained something else."""
    facts = as_mapping(_origin(card).get("chara"))
    spec: Spec = "v3" if facts.get("same") == "v3" else "v2"
    if not facts and (_origin(card).get("format"), _origin(card).get("container")) == ("v1", "png"):
        spec = "v1"
    document = build_document(card, spec, read_file)
    if "whole" in facts:
        unchanged = facts.get("was") == fingerprint(
            {"card": write_document(card, "v2")}, "card", {}
        )
        return facts["whole"] if unchanged else document
    if "data" in facts:
        document["data"] = apply(document["data"], facts["data"])
    if "root" in facts:
        root = apply(without(document, "data"), facts["root"])
        document = {**root, "data": document["data"]}
    return document


def _charx(card: CharacterCard, read_file: ReadFile) -> Exported:
    origin, notes = _origin(card), []
    files: dict[str, bytes] = {}
    for member, path in as_mapping(origin.get("files")).items():
        body = read_file(str(path))
        if body is None:
            notes.append(f"The asset {member} is missing next to the card; it was left out.")
        else:
            files[str(member)] = body
    document = build_document(card, "v3", read_file)
    if origin.get("container") != "charx" and card.portrait:
        body = read_file(card.portrait)
        if body is None:
            notes.append(f"The portrait {card.portrait} is missing; it was left out.")
        else:
            suffix = Path(card.portrait).suffix.lower() or ".png"
            files.setdefault(MAIN_ICON + suffix, body)
            icon = {
                "type": "icon",
                "uri": f"embeded://{MAIN_ICON}{suffix}",
                "name": "main",
                "ext": suffix[1:],
            }
            document["data"].setdefault("assets", [icon])
    return Exported(charx.write(jsonio.dumps(document), files), tuple(notes))


def _lorebook(card: CharacterCard, form: Format) -> Exported:
    book, origin = card.lorebook, _origin(card)
    if not book.entries and origin.get("format") not in ("world", "lorebook_v3"):
        raise ExchangeError(f"{card.name} has no lorebook to export.")
    notes = () if _is_only_lore(card) else ("Only the lorebook was written, not the character.",)
    if form == "world":
        return Exported(jsonio.dumps(write_world(book)), notes)
    additive = origin.get("format") not in ("lorebook_v3", "v3")
    data = write_book(book, "v3", book.entries, additive=additive)
    root = apply({"spec": "lorebook_v3"}, origin.get("root") if not additive else None)
    return Exported(jsonio.dumps({**root, "data": data}), notes)


def _is_only_lore(card: CharacterCard) -> bool:
    return _origin(card).get("format") in ("world", "lorebook_v3")


def _losses(card: CharacterCard, form: Format) -> list[str]:
    """Notes about fields that other programs ignore or that the format cannot store."""
    notes = []
    if form == "v1":
        lost = [
            name
            for name, is_used in (
                ("further greetings", len(card.greetings) > 1),
                ("the lorebook", bool(card.lorebook.entries)),
                ("the system prompt", bool(card.system_prompt)),
                ("the post-history instructions", bool(card.post_history_instructions)),
                ("tags, creator and version", bool(card.tags or card.creator or card.version)),
            )
            if is_used and _origin(card).get("format") != "v1"
        ]
        if lost:
            notes.append(f"V1 cannot store {', '.join(lost)}.")
    own = own_fields.write(card)
    if own and form != "v1":
        notes.append(f"Only rpterm reads {', '.join(own)}, stored in extensions.rpterm.")
    if card.portrait:
        notes.append(
            f"The file does not include the portrait {card.portrait}; png and charx files do."
        )
    return notes


def _origin(card: CharacterCard) -> Mapping[str, Any]:
    return as_mapping(card.extensions.get(ORIGIN))
