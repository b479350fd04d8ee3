"""Imports a card or lorebook from any supported file, recognised by its content, not its name.

``export`` is the inverse. The result is a ``CharacterCard`` whose ``extensions[ORIGIN]`` describes
the file: ``format`` (v1, v2, v3, world, lorebook_v3), ``container`` (png, webp, charx, json, yaml),
``chara`` (the second card of a picture), ``files`` (its assets).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from rpterm.cards.card import CharacterCard, Lorebook
from rpterm.cards.exchange import foreign_books, foreign_cards
from rpterm.cards.exchange.containers import charx, jsonio, png, webp, yaml_card
from rpterm.cards.exchange.documents.book import is_book, read_book
from rpterm.cards.exchange.documents.document import Spec, read_document, spec_of, write_document
from rpterm.cards.exchange.documents.entry import ORIGIN
from rpterm.cards.exchange.documents.patch import Table, diff, fingerprint, without
from rpterm.cards.exchange.documents.world_file import is_world, read_world
from rpterm.cards.exchange.errors import MAX_FILE, ExchangeError, NotACard
from rpterm.cards.exchange.notes import ImportNotes
from rpterm.errors import cause_of
from rpterm.foreign_json import as_mapping, as_mappings, as_text, as_texts
from rpterm.humanize import counted
from rpterm.text.encoding import to_utf8

Kind = Literal["card", "lorebook"]
BACKYARD_MANIFEST = "manifest.json"
WORLD_FILE = "a world file"
"""``Imported.origin`` of a lorebook whose program keeps the way it is searched elsewhere."""
_OLD_RISU_MODULE = b"o\0"
_CONTAINERS = {
    "json": "JSON file", "png": "PNG picture", "webp": "WebP picture", "charx": "CHARX archive",
    "yaml": "YAML file",
}  # fmt: skip
PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif"}
_KEY_NAMES: dict[str, tuple[str, ...]] = {
    "name": ("name", "char_name", "bot"),
    "description": ("description", "char_persona", "context", "persona", "desc"),
    "personality": ("personality",),
    "scenario": ("scenario", "world_scenario"),
    "first_mes": ("first_mes", "char_greeting", "greeting", "first_message", "firstMessage"),
    "mes_example": ("mes_example", "example_dialogue", "example_dialogs", "exampleMessage"),
}
_DISTINCTIVE_KEYS = {
    "char_name", "char_persona", "char_greeting", "world_scenario", "greeting", "context",
    "first_message", "firstMessage",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Imported:
    """The contents of an imported file.

    Attributes:
        card: The character; for a lorebook, a card that has only a name and lore.
        portrait: The picture without the card's data, or ``None``.
        portrait_suffix: The extension for the picture's file name.
        assets: Other files of the card, by their path inside the archive.
        notes: What was changed and what could not be kept, one sentence each.
        origin: What the file was, in words: "a V2 card in a PNG picture".
    """

    card: CharacterCard
    portrait: bytes | None = None
    portrait_suffix: str = ".png"
    assets: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    origin: str = ""
    kind: Kind = "card"


def read_any(path: Path) -> Imported:
    """Read a card or a lorebook in any known format.

    Raises:
        ExchangeError: The file cannot be read or is neither; one sentence says why.
    """
    try:
        if not path.is_file():
            other = "is a device or a pipe" if path.exists() else "does not exist"
            raise ExchangeError(f"{path} {'is a folder' if path.is_dir() else other}.")
        if path.suffix.lower() == ".toml":
            raise NotACard(
                f"It needs no import: `rpterm chat {path}` uses it as it is. In the folder that "
                "`rpterm cards path` prints first, it is listed with your cards."
            )
        size = path.stat().st_size
        if size > MAX_FILE:
            raise ExchangeError(f"{path} has {size:,} bytes; a card can have at most {MAX_FILE:,}.")
        data = path.read_bytes()
    except OSError as error:
        raise ExchangeError(f"{path} cannot be read: {cause_of(error)}.") from error
    return read_bytes(data, path.stem)


def read_bytes(data: bytes, name: str = "Unnamed") -> Imported:
    """Like ``read_any``, for data in memory.

    Args:
        name: The name of a character or lorebook that has none.

    Raises:
        ExchangeError: The data is not a card; one sentence says why.
    """
    name = " ".join("".join(c if c.isprintable() else " " for c in name).split()) or "Unnamed"
    data = to_utf8(data)
    if not data.strip():
        raise ExchangeError("The file is empty.")
    if data.startswith(png.MAGIC):
        return _from_png(data, name)
    if data.startswith(b"PK\x03\x04"):
        return _from_archive(data, name)
    if data.startswith((charx.JPEG, b"RIFF", b"GIF8")):
        if data.startswith(charx.JPEG) and charx.has_directory(data):
            return _from_archive(data, name)
        if card := webp.read(data) if webp.is_webp(data) else None:
            return _from_webp(data, card, name)
        raise NotACard("The file is a picture without a card.")
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in (b"{", b"["):
        notes = ImportNotes()
        return _from_json(jsonio.loads(data, "The file", notes), name, "json", notes)
    if data.startswith(_OLD_RISU_MODULE):
        raise NotACard("The file is a RisuAI module in an old format: export it again as CHARX.")
    if b"\0" in data[:1024]:
        raise NotACard("The file is neither a picture, an archive nor text: it is not a card.")
    return _from_yaml(data, name)


def _from_json(value: Any, name: str, container: str, notes: ImportNotes) -> Imported:
    if not isinstance(value, Mapping):
        raise NotACard("The JSON is a list or a single value: it is not a card.")
    if is_chat(value):
        raise NotACard("The JSON is a chat: `rpterm chats import` reads it.")
    book = _lorebook_in(value, name, notes)
    if book is not None:
        if container != "json":
            raise ExchangeError(
                f"The {_CONTAINERS[container]} contains a lorebook instead of a card."
            )
        return book
    document = dict(value)
    label = spec_of(document).upper()
    converted = foreign_cards.to_card(document)
    if converted:
        document, label = converted
    elif _is_gradio(document):
        document, label = _to_v1(document), "Gradio"
    if spec_of(document) == "v1" and not _is_v1(document):
        raise NotACard("The file has none of the fields of a card or a lorebook.")
    card = read_document(document, name, notes)
    card = _without_origin(card) if converted else _with_origin(card, container=container)
    article = "an" if label[0] in "AEIO" else "a"
    origin = f"{article} {label} card in a {_CONTAINERS[container]}"
    return Imported(card, notes=notes.all(), origin=origin)


def is_chat(raw: Mapping[str, Any]) -> bool:
    """Whether a JSON document is a chat of Agnai or RisuAI, which has some fields of a card."""
    return isinstance(raw.get("messages"), list) or raw.get("type") == "risuChat"


def _lorebook_in(value: Mapping[str, Any], name: str, notes: ImportNotes) -> Imported | None:
    """The lorebook that a document is, or ``None``."""
    if value.get("spec") == "lorebook_v3" and isinstance(value.get("data"), Mapping):
        return _from_lorebook_v3(value, name, notes)
    converted = foreign_books.to_world(value)
    if converted:
        lore = read_world(converted[0], notes) or Lorebook()
        card = _without_origin(CharacterCard(name=lore.name.strip() or name, lorebook=lore))
        return Imported(card, notes=notes.all(), origin=converted[1], kind="lorebook")
    if spec_of(value) != "v1" or "first_mes" in value:
        return None
    if is_world(value):
        book = read_world(value, notes) or Lorebook()
        return _imported_lorebook(book, name, "world", notes, WORLD_FILE)
    if is_book(value):
        book = read_book(value, notes, "v3") or Lorebook()
        return _imported_lorebook(book, name, "lorebook_v3", notes, "a V2 lorebook")
    return None


def _is_gradio(raw: Mapping[str, Any]) -> bool:
    """Whether a table uses other programs' key names for the fields of a card."""
    return "data" not in raw and "first_mes" not in raw and bool(_DISTINCTIVE_KEYS & raw.keys())


def _to_v1(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The table as a V1 document; keys that map to no field stay unchanged."""
    card: dict[str, Any] = {}
    used = set()
    for ours, theirs in _KEY_NAMES.items():
        found = next((key for key in theirs if raw.get(key) not in (None, "")), None)
        card[ours] = raw[found] if found else ""
        used |= {key for key in theirs if key in raw and raw[key] in (None, "", card[ours])}
    _move_examples(card)
    return {**without(raw, *used), **card}


def _move_examples(card: dict[str, Any]) -> None:
    """Move dialogues out of the description, where text-generation-webui's ``context`` has them."""
    text = card["description"]
    start = text.find("<START>") if isinstance(text, str) else -1
    if start >= 0 and not card["mes_example"]:
        card["description"], card["mes_example"] = text[:start].rstrip(), text[start:]


def _is_v1(document: Mapping[str, Any]) -> bool:
    fields = ("description", "personality", "scenario", "first_mes", "mes_example")
    found = sum(key in document for key in fields)
    # Without a name, two of them are required: a single one may occur in any settings file.
    return found > (0 if isinstance(document.get("name"), str) else 1)


def _from_yaml(data: bytes, name: str) -> Imported:
    notes = ImportNotes()
    found = _from_json(yaml_card.loads(data), name, "yaml", notes)
    notes.add("The comments and layout of the YAML file are not kept.")
    return replace(found, notes=notes.all())


def _from_lorebook_v3(value: Mapping[str, Any], name: str, notes: ImportNotes) -> Imported:
    book = read_book(value["data"], notes, "v3")
    if book is None:
        raise ExchangeError("The lorebook has no list of entries.")
    patch = diff({"spec": "lorebook_v3"}, without(value, "data"))
    root = {"root": patch} if patch else {}
    return _imported_lorebook(book, name, "lorebook_v3", notes, "a V3 lorebook", **root)


def _imported_lorebook(
    book: Lorebook, name: str, form: str, notes: ImportNotes, label: str, **facts: Table
) -> Imported:
    card = CharacterCard(name=book.name.strip() or name, lorebook=book)
    card = _with_origin(card, format=form, **facts)
    return Imported(card, notes=notes.all(), origin=label, kind="lorebook")


def _from_png(data: bytes, name: str) -> Imported:
    picture = png.read(data)
    if not picture.cards:
        raise NotACard("The picture contains no card.")
    notes = ImportNotes()
    for note in picture.notes:
        notes.add(note)
    texts = _documents(picture.cards, notes)
    main = "ccv3" if "ccv3" in texts else "chara"
    found = _from_json(texts[main], name, "png", notes)
    card, origin = found.card, as_mapping(found.card.extensions.get(ORIGIN))
    if main == "chara" and origin.get("format") == "v3":
        card = _with_origin(card, chara={"same": "v3"})
    elif origin and "chara" in texts and main == "ccv3":
        card = _with_origin(card, chara=_chara_patches(card, texts["chara"]))
    return replace(found, card=card, portrait=picture.stripped)


def _from_webp(data: bytes, card: bytes, name: str) -> Imported:
    notes = ImportNotes()
    document = jsonio.loads(card, "The picture's comment", notes)
    found = _from_json(document, name, "webp", notes)
    return replace(found, portrait=data, portrait_suffix=".webp")


def _documents(cards: Mapping[str, bytes], notes: ImportNotes) -> dict[str, Any]:
    """The documents in a picture's chunks; a damaged one is left out if there is another."""
    documents: dict[str, Any] = {}
    damage: list[ExchangeError] = []
    for key, text in cards.items():
        try:
            documents[key] = jsonio.loads(text, f"The chunk {key}", notes)
        except ExchangeError as error:
            damage.append(error)
    if damage and not documents:
        raise damage[0]
    for each in damage:
        notes.add(f"{each} The other card in the picture was read instead.")
    return documents


def _chara_patches(card: CharacterCard, document: Any) -> Table:
    """How the document in ``chara`` differs from the card, which was read from ``ccv3``."""
    specs: tuple[Spec, ...] = ("v2", "v3")
    for spec in specs:
        if jsonio.same_json(write_document(card, spec), document):
            return {"same": spec}
    base = write_document(card, "v2")
    if not isinstance(document, Mapping) or not isinstance(document.get("data"), Mapping):
        return {"whole": document, "was": fingerprint({"card": base}, "card", {})}
    root = diff(without(base, "data"), without(document, "data"))
    patches = {"root": root, "data": diff(base["data"], dict(document["data"]))}
    return {key: patch for key, patch in patches.items() if patch} | {"same": "v2"}


def _from_archive(data: bytes, name: str) -> Imported:
    files = charx.unpack(data)
    if charx.CARD not in files and BACKYARD_MANIFEST in files:
        return _from_backyard(files, name)
    return _from_charx(_from_card_folder(files), name)


def _from_card_folder(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The files as they are seen from the folder of the card, which may have been packed as one."""
    cards = (path for path in files if path.rpartition("/")[2].casefold() == charx.CARD)
    card = min(cards, key=lambda path: path.count("/"), default=charx.CARD)
    folder = card[: -len(charx.CARD)]
    return {
        charx.CARD if path == card else path.removeprefix(folder): body
        for path, body in files.items()
    }


def _from_backyard(files: Mapping[str, bytes], name: str) -> Imported:
    notes = ImportNotes()

    def read(path: str) -> Any:
        return jsonio.loads(files[path], path, notes) if path in files else None

    manifest = read(BACKYARD_MANIFEST)
    scenarios = as_texts(as_mapping(manifest).get("scenarios"))
    document = foreign_cards.from_backyard(as_mapping(manifest), scenarios, read)
    card = _without_origin(read_document(document, name, notes))
    chats = sum(bool(as_mapping(read(each)).get("messages")) for each in scenarios)
    if chats:
        notes.add(f"{counted(chats, 'chat')} in the archive not imported.")
    picture = next((each for each in files if Path(each).suffix.lower() in PICTURES), "")
    return Imported(
        card,
        portrait=files.get(picture),
        portrait_suffix=Path(picture).suffix.lower() or ".png",
        notes=notes.all(),
        origin="a Backyard archive",
    )


def _from_charx(files: Mapping[str, bytes], name: str) -> Imported:
    if charx.CARD not in files:
        raise ExchangeError(
            f"The archive has no {charx.CARD}: it is a zip file, but not a CHARX card."
        )
    notes, others = ImportNotes(), without(files, charx.CARD)
    document = jsonio.loads(files[charx.CARD], charx.CARD, notes)
    found = _from_json(document, name, "charx", notes)
    icon = _icon(document, others)
    named = {"icon": icon} if icon else {}
    return replace(
        found,
        card=_with_origin(found.card, files=dict.fromkeys(others, ""), **named),
        portrait=others.get(icon),
        portrait_suffix=Path(icon).suffix.lower() or ".png",
        assets=without(others, icon),
    )


def _icon(document: Any, files: Mapping[str, bytes]) -> str:
    """The path of the card's main icon inside the archive, or ""."""
    assets = as_mappings(as_mapping(as_mapping(document).get("data")).get("assets"))
    icons = []
    for asset in assets:
        uri = as_text(asset.get("uri"))
        if asset.get("type") == "icon" and "://" in uri:
            path = uri.split("://", 1)[1]
            if path in files and Path(path).suffix.lower() in PICTURES:
                icons.append((asset.get("name") != "main", path))
    return min(icons, key=lambda each: each[0])[1] if icons else ""


def _with_origin(card: CharacterCard, **facts: Any) -> CharacterCard:
    origin = {**card.extensions.get(ORIGIN, {}), **facts}
    return replace(card, extensions={**card.extensions, ORIGIN: origin})


def _without_origin(card: CharacterCard) -> CharacterCard:
    """A card whose document was made here: there is no original that an export could restore."""
    entries = tuple(
        replace(each, extensions=without(each.extensions, ORIGIN)) for each in card.lorebook.entries
    )
    extensions = without(card.lorebook.extensions, ORIGIN)
    book = replace(card.lorebook, entries=entries, extensions=extensions)
    return replace(card, lorebook=book, extensions=without(card.extensions, ORIGIN))
