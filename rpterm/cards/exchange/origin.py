"""``read_any``: whatever file a card or lorebook comes in, by its content and not by its name.

The way back is ``export``. In between lies a ``CharacterCard`` whose ``extensions[ORIGIN]``
tells what the file was: ``format`` (v1, v2, v3, world, lorebook_v3), ``container`` (png, charx,
json, yaml), ``chara`` (the second card of a picture), ``files`` (its assets).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from rpterm.cards.card import CharacterCard, Lorebook
from rpterm.cards.exchange import charx, convert, jsonio, png, yaml_card
from rpterm.cards.exchange.book import read_book
from rpterm.cards.exchange.entry import ORIGIN
from rpterm.cards.exchange.mend import Mend
from rpterm.cards.exchange.patch import Table, diff, sign
from rpterm.cards.exchange.problem import MAX_FILE, ExchangeError, NotACard
from rpterm.cards.exchange.v2v3 import Spec, read_document, spec_of, write_document
from rpterm.cards.exchange.world import is_world, read_world
from rpterm.marks import utf8, why

Kind = Literal["card", "lorebook"]
PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif"}


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file held.

    Attributes:
        card: The character; for a lorebook one that has nothing but its name and the lore.
        portrait: The picture without the card's data, or ``None``.
        portrait_suffix: What the picture's file name ends in.
        assets: Other files of the card, by their path inside of it.
        notes: What was mended and what could not be kept, one sentence each.
        origin: What it was, in words: "a V2 card in a PNG picture".
    """

    card: CharacterCard
    portrait: bytes | None = None
    portrait_suffix: str = ".png"
    assets: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    origin: str = ""
    kind: Kind = "card"


def read_any(path: Path) -> Imported:
    """Read a card or a lorebook of any known form.

    Raises:
        ExchangeError: It cannot be read, or is none; one sentence says why.
    """
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "is not there"
            raise ExchangeError(f"{path} {what}.")
        size = path.stat().st_size
        if size > MAX_FILE:
            raise ExchangeError(f"{path} has {size:,} bytes; up to {MAX_FILE:,} can be a card.")
        data = path.read_bytes()
    except OSError as error:
        raise ExchangeError(f"{path} cannot be read: {why(error)}.") from error
    return read_bytes(data, path.stem)


def read_bytes(data: bytes, name: str = "Unnamed") -> Imported:
    """``read_any`` for what is in memory already.

    Args:
        name: What to call a character or lorebook without a name.

    Raises:
        ExchangeError: It is no card; one sentence says why.
    """
    name = " ".join("".join(c if c.isprintable() else " " for c in name).split()) or "Unnamed"
    data = utf8(data)
    if not data.strip():
        raise ExchangeError("The file is empty.")
    if data.startswith(png.MAGIC):
        return _from_png(data, name)
    if data.startswith(b"PK\x03\x04"):
        return _from_charx(data, name)
    if data.startswith((b"\xff\xd8\xff", b"RIFF", b"GIF8")):
        if data.startswith(b"\xff\xd8\xff") and b"PK\x05\x06" in data[-66_000:]:
            return _from_charx(data, name)
        raise NotACard("The file is a picture that holds no card: only PNG pictures do.")
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in (b"{", b"["):
        mend = Mend()
        return _from_json(jsonio.loads(data, "The file", mend), name, "json", mend)
    if b"\0" in data[:1024]:
        raise NotACard("The file is neither a picture, an archive nor text: it is no card.")
    return _from_yaml(data, name)


def _from_json(value: Any, name: str, container: str, mend: Mend) -> Imported:
    if not isinstance(value, Mapping):
        raise NotACard("The JSON is a list or a single value: it is no card.")
    if value.get("spec") == "lorebook_v3" and isinstance(value.get("data"), Mapping):
        return _standalone(value, name, mend)
    if spec_of(value) == "v1" and is_world(value) and "first_mes" not in value:
        book = read_world(value, mend)
        return _lorebook(book or Lorebook(), name, "world", mend, "a world file", {})
    document = dict(value)
    label = spec_of(document).upper()
    if convert.is_foreign(document):
        document, label = convert.to_v1(document), "Gradio"
    if spec_of(document) == "v1" and not _is_v1(document):
        raise NotACard("The JSON has none of the fields of a card or a lorebook.")
    card = read_document(document, name, mend)
    card = _with_origin(card, container=container)
    return Imported(card, notes=mend.told(), origin=f"a {label} card in a JSON file")


def _is_v1(document: Mapping[str, Any]) -> bool:
    fields = ("description", "personality", "scenario", "first_mes", "mes_example")
    found = sum(key in document for key in fields)
    # Without a name it takes two of them: one alone may be a word of anybody's settings.
    return found > (0 if isinstance(document.get("name"), str) else 1)


def _from_yaml(data: bytes, name: str) -> Imported:
    mend = Mend()
    table = yaml_card.loads(data)
    if not convert.is_foreign(table) and not _is_v1(table):
        raise NotACard("The text is neither JSON nor a card in YAML.")
    card = read_document(convert.to_v1(table), name, mend)
    card = _with_origin(card, container="yaml")
    mend.note("Comments and the layout of the YAML file are not kept.")
    return Imported(card, notes=mend.told(), origin="a card in a YAML file")


def _standalone(value: Mapping[str, Any], name: str, mend: Mend) -> Imported:
    book = read_book(value["data"], mend, "v3")
    if book is None:
        raise ExchangeError("The lorebook has no list of entries.")
    root = {key: each for key, each in value.items() if key != "data"}
    patch = diff({"spec": "lorebook_v3"}, root)
    more = {"root": patch} if patch else {}
    return _lorebook(book, name, "lorebook_v3", mend, "a V3 lorebook", more)


def _lorebook(
    book: Lorebook, name: str, form: str, mend: Mend, label: str, more: Table
) -> Imported:
    card = CharacterCard(name=book.name.strip() or name, lorebook=book)
    card = _with_origin(card, format=form, **more)
    return Imported(card, notes=mend.told(), origin=label, kind="lorebook")


def _from_png(data: bytes, name: str) -> Imported:
    picture = png.read(data)
    if not picture.cards:
        raise NotACard("The picture holds no card.")
    mend = Mend()
    for note in picture.notes:
        mend.note(note)
    texts = {
        key: jsonio.loads(text, f"The chunk {key}", mend) for key, text in picture.cards.items()
    }
    main = "ccv3" if "ccv3" in texts else "chara"
    found = _from_json(texts[main], name, "png", mend)
    if found.kind != "card":
        raise ExchangeError("The picture holds a lorebook in place of a card.")
    card = found.card
    if main == "chara" and card.extensions[ORIGIN]["format"] == "v3":
        card = _with_origin(card, chara={"same": "v3"})
    elif main == "ccv3" and "chara" in texts:
        card = _with_origin(card, chara=second(card, texts["chara"]))
    label = found.origin.replace("a JSON file", "a PNG picture")
    return Imported(card, portrait=picture.stripped, notes=mend.told(), origin=label)


def second(card: CharacterCard, document: Any) -> Table:
    """How the card in ``chara`` differs from the one in ``ccv3`` that was read."""
    specs: tuple[Spec, ...] = ("v2", "v3")
    for spec in specs:
        if jsonio.same(write_document(card, spec), document):
            return {"same": spec}
    base = write_document(card, "v2")
    if not isinstance(document, Mapping) or not isinstance(document.get("data"), Mapping):
        return {"whole": document, "was": sign({"card": base}, "card", {})}
    root = {key: value for key, value in document.items() if key != "data"}
    plain = {key: value for key, value in base.items() if key != "data"}
    patches = {"root": diff(plain, root), "data": diff(base["data"], dict(document["data"]))}
    return {key: patch for key, patch in patches.items() if patch} | {"same": "v2"}


def _from_charx(data: bytes, name: str) -> Imported:
    archive = charx.read(data)
    mend = Mend()
    found = _from_json(jsonio.loads(archive.card, charx.CARD, mend), name, "charx", mend)
    if found.kind != "card":
        raise ExchangeError("The archive holds a lorebook in place of a card.")
    icon = _icon(archive.card, archive.files)
    assets = {path: body for path, body in archive.files.items() if path != icon}
    card = _with_origin(found.card, files=dict.fromkeys(archive.files, ""))
    if icon:
        card = _with_origin(card, icon=icon)
    return Imported(
        card,
        portrait=archive.files[icon] if icon else None,
        portrait_suffix=Path(icon).suffix.lower() if icon else ".png",
        assets=assets,
        notes=mend.told(),
        origin=found.origin.replace("a JSON file", "a CHARX archive"),
    )


def _icon(card: bytes, files: Mapping[str, bytes]) -> str:
    """The path of the card's main icon inside the archive, or ""."""
    document = jsonio.loads(card, charx.CARD)
    data = document.get("data") if isinstance(document, Mapping) else None
    assets = data.get("assets") if isinstance(data, Mapping) else None
    named = []
    for asset in assets if isinstance(assets, list) else []:
        uri = asset.get("uri") if isinstance(asset, Mapping) else None
        if isinstance(uri, str) and asset.get("type") == "icon" and "://" in uri:
            path = uri.split("://", 1)[1]
            if path in files and Path(path).suffix.lower() in PICTURES:
                named.append((asset.get("name") != "main", path))
    return min(named, key=lambda each: each[0])[1] if named else ""


def _with_origin(card: CharacterCard, **facts: Any) -> CharacterCard:
    origin = {**card.extensions.get(ORIGIN, {}), **facts}
    return replace(card, extensions={**card.extensions, ORIGIN: origin})
