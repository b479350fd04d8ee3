"""Imports files into a folder of cards and exports card files; handles file names and the disk.

Nothing is ever overwritten, names from foreign files are made safe before they are used on disk,
and one bad file does not stop the others.
"""

from __future__ import annotations

import base64
import binascii
import re
import shlex
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from rpterm.cards import worlds
from rpterm.cards.card import CharacterCard
from rpterm.cards.checks.voice import unexpanded_macros
from rpterm.cards.exchange.containers import png, webp
from rpterm.cards.exchange.documents.entry import ORIGIN
from rpterm.cards.exchange.errors import MAX_FILE, ExchangeError, NotACard
from rpterm.cards.exchange.export import FILE_MARK, Format, ReadFile, export
from rpterm.cards.exchange.importer import PICTURES, WORLD_FILE, Imported, read_any
from rpterm.cards.format.reader import parse, read_text
from rpterm.cards.format.writer import dump, dump_world
from rpterm.cards.problems import CardError
from rpterm.errors import cause_of

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)
_DATA_URI = re.compile(r"data:[\w.+/-]{0,80}(?:;[\w=-]{1,40})*;base64,", re.ASCII)
_MAX_INLINE = 4096
_MAX_MACROS = 6


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """The result of importing one file.

    Attributes:
        target: The card's new TOML file, or ``None`` if the import failed.
        origin: What the source was, in words.
        error: Why the import failed, or "".
        not_a_card: Whether the source is not a card at all.
        world: The world the card names, in the other program's spelling, or "".
        known: Whether ``target`` existed already, so that nothing was written.
    """

    source: Path
    target: Path | None = None
    kind: str = ""
    origin: str = ""
    notes: tuple[str, ...] = ()
    error: str = ""
    not_a_card: bool = False
    world: str = ""
    known: bool = False


def import_files(
    paths: Iterable[Path],
    to_folder: Path,
    on_done: Callable[[ImportedFile], None] | None = None,
    scanning: Mapping[str, Any] | None = None,
) -> list[ImportedFile]:
    """Import cards and lorebooks, each into its own TOML file; lorebooks become worlds.

    Args:
        on_done: Called after each file.
        scanning: ``Lorebook`` field → its value in the program whose world files these are, which
            keeps it in its settings and ignores it in the files.

    Raises:
        ExchangeError: The folder cannot be created.
    """
    try:
        to_folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExchangeError(f"{to_folder} cannot be created: {cause_of(error)}.") from error
    results = []
    for path in paths:
        try:
            result = _import(path, to_folder, scanning or {})
        except ExchangeError as error:
            not_a_card = isinstance(error, NotACard)
            result = ImportedFile(path, error=str(error), not_a_card=not_a_card)
        except CardError as error:
            result = ImportedFile(path, error=error.problems[0].message)
        except OSError as error:
            result = ImportedFile(path, error=f"{cause_of(error)}.")
        results.append(result)
        if on_done:
            on_done(result)
    return results


def export_file(
    card_path: Path, form: Format, out: Path, folders: Sequence[Path] = ()
) -> tuple[str, ...]:
    """Export a card's or a world's TOML file; an existing file is not overwritten.

    The lore of a card's worlds is included, because other programs cannot read world files.

    Args:
        folders: Card folders; their ``worlds`` folders are searched too.

    Returns:
        What the format could not store, one sentence each.

    Raises:
        CardError: The card has errors.
        ExchangeError: The file exists or cannot be written, or the card has nothing to export.
    """
    text = read_text(card_path)
    if worlds.is_world(text):
        card, lost = worlds.parse_world(text, str(card_path)), []
    else:
        found = worlds.CardReader(card_path, folders).parse(text)
        card, lost = found.card, [each.message for each in found.unreadable]
    exported = export(card, form, file_reader(card_path.parent))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _write(out.parent, {out.name: exported.data})
    except FileExistsError as error:
        raise ExchangeError(f"{out} already exists: choose another name.") from error
    except OSError as error:
        raise ExchangeError(f"{out} cannot be written: {cause_of(error)}.") from error
    return (*lost, *exported.notes)


def file_reader(folder: Path) -> ReadFile:
    """A function that reads files below a folder; paths outside of it count as missing."""

    def read(name: str) -> bytes | None:
        try:
            path = (folder / name).resolve()
            if not path.is_relative_to(folder.resolve()) or path.stat().st_size > MAX_FILE:
                return None
            return path.read_bytes()
        except (OSError, ValueError):
            return None

    return read


def safe_name(name: str, fallback: str = "card") -> str:
    """A file name of letters, digits and hyphens that every operating system accepts.

    >>> safe_name("Dr. John H. Watson / M.D.")
    'dr-john-h-watson-m-d'
    >>> safe_name("../../CON")
    'con-card'
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    words = re.findall(r"[^\W_]+", plain)
    text = "-".join(words)
    while len(text.encode()) > 80:
        text = text[:-1]
    text = text.strip("-") or fallback
    return f"{text}-{fallback}" if _RESERVED.match(text) else text


def _import(path: Path, folder: Path, scanning: Mapping[str, Any]) -> ImportedFile:
    found = _with_picture_beside(path, read_any(path))
    if found.kind == "lorebook":
        if found.origin == WORLD_FILE:
            lore = replace(found.card.lorebook, **scanning)
            found = replace(found, card=replace(found.card, lorebook=lore))
        return _import_world(path, folder / worlds.FOLDER, found)
    name = safe_name(found.card.name)
    stem = _free_name(folder, name)
    card, files = _with_file_names(found, stem)
    found = replace(found, notes=(*found.notes, *_macro_notes(card)))
    text = dump(card, _header_comment(path, found))
    if parse(text, f"{stem}.toml") != card:
        raise ExchangeError(f"{path.name} cannot be written as TOML without loss.")
    target = folder / f"{stem}.toml"
    _write(folder, files | {target.name: text.encode()})
    world, notes = linked_world(card), (*found.notes, *_same_name_note(folder, name, stem))
    return ImportedFile(path, target, found.kind, found.origin, notes, world=world)


def _same_name_note(folder: Path, name: str, stem: str) -> Iterator[str]:
    """What the user can do if there is another card of the same name."""
    before, new = (shlex.quote(str(folder / f"{each}.toml")) for each in (name, stem))
    if name != stem and (folder / f"{name}.toml").is_file():
        yield f"{name}.toml is another card of this name. Compare: rpterm cards diff {before} {new}"


def _macro_notes(card: CharacterCard) -> Iterator[str]:
    """A note on macros that the model would see unexpanded."""
    macros = dict.fromkeys(macro for _, macro, _ in unexpanded_macros(card))
    if macros:
        listed = ", ".join([*macros][:_MAX_MACROS]) + (" …" if len(macros) > _MAX_MACROS else "")
        yield f"These macros do not exist here, so the model reads them as they are: {listed}"


def _with_picture_beside(path: Path, found: Imported) -> Imported:
    """Take the picture of the same name as portrait, where programs without PNG cards put it."""
    if found.portrait is not None or found.kind == "lorebook":
        return found
    for suffix in sorted(PICTURES):
        picture = path.with_suffix(suffix)
        if picture != path and picture.is_file() and picture.stat().st_size <= MAX_FILE:
            body = picture.read_bytes()
            if not _has_card(body):
                return replace(found, portrait=body, portrait_suffix=suffix)
    return found


def _has_card(picture: bytes) -> bool:
    """Whether a picture contains a card, and so belongs to that one."""
    try:
        return bool(webp.read(picture) if webp.is_webp(picture) else png.read(picture).cards)
    except ExchangeError:
        return False


def _import_world(path: Path, folder: Path, found: Imported) -> ImportedFile:
    """Import a standalone lorebook as a world, which cards can name."""
    folder.mkdir(exist_ok=True)
    # Cards of other programs name a world by its file name.
    stem = _free_name(folder, safe_name(path.stem))
    text = dump_world(found.card, _header_comment(path, found))
    read = worlds.parse_world(text, f"{stem}.toml")
    if (read.lorebook, read.extensions) != (found.card.lorebook, found.card.extensions):
        raise ExchangeError(f"{path.name} cannot be written as TOML without loss.")
    target = folder / f"{stem}.toml"
    _write(folder, {target.name: text.encode()})
    return ImportedFile(path, target, found.kind, found.origin, found.notes)


def linked_world(card: CharacterCard) -> str:
    """The world that an imported card is linked to, or ""."""
    name = card.extensions.get("world")
    return name.strip() if isinstance(name, str) else ""


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write new files: either all of them or none."""
    written: list[Path] = []
    try:
        for name, body in files.items():
            target = folder / name
            target.parent.mkdir(exist_ok=True)
            with target.open("xb") as file:
                written.append(target)
                file.write(body)
    except OSError:
        for each in written:
            each.unlink(missing_ok=True)
        raise


def _free_name(folder: Path, stem: str) -> str:
    """The name itself, or with the first number that is not taken."""
    taken = {each.name.casefold().split(".")[0] for each in folder.iterdir()}
    return next(name for name in numbered(stem) if name.casefold() not in taken)


def numbered(stem: str) -> Iterator[str]:
    """The name itself, and then with each number from 2."""
    return chain([stem], (f"{stem}-{number}" for number in count(2)))


def _with_file_names(found: Imported, stem: str) -> tuple[CharacterCard, dict[str, bytes]]:
    """The card with the names of its new files, and these files."""
    files: dict[str, bytes] = {}
    places: dict[str, str] = {}
    portrait = ""
    origin = dict(found.card.extensions.get(ORIGIN, {}))
    if found.portrait is not None:
        portrait = f"{stem}{found.portrait_suffix}"
        files[portrait] = found.portrait
        if "icon" in origin:
            places[origin.pop("icon")] = portrait
    for number, (member, body) in enumerate(found.assets.items(), 1):
        suffix = re.sub(r"[^a-z0-9.]", "", Path(member).suffix.lower())[:10]
        name = f"{stem}.assets/{number:03d}-{safe_name(Path(member).stem, 'file')}{suffix}"
        files[name] = body
        places[member] = name
    if "files" in origin:
        origin["files"] = {member: places[member] for member in origin["files"]}
    _move_data_to_files(origin, stem, files)
    card = replace(found.card, portrait=portrait)
    if origin:
        card = replace(card, extensions={**card.extensions, ORIGIN: origin})
    return card, files


def _move_data_to_files(origin: dict[str, Any], stem: str, files: dict[str, bytes]) -> None:
    """Move base64 pictures from the card into files, so that the card stays readable."""
    data = origin.get("data", {})
    assets = data.get("set", {}).get("assets")
    if not isinstance(assets, list):
        return
    listed, moved = [], []
    for number, asset in enumerate(assets, 1):
        uri = asset.get("uri") if isinstance(asset, dict) else None
        head = _DATA_URI.match(uri) if isinstance(uri, str) and len(uri) > _MAX_INLINE else None
        body = _decoded(uri[head.end() :]) if isinstance(uri, str) and head else None
        if head and body is not None:
            name = f"{stem}.assets/data-{number:03d}{_file_extension(head[0])}"
            files[name] = body
            moved.append(name)
            asset = {**asset, "uri": f"{FILE_MARK}{name}|{head[0]}"}
        listed.append(asset)
    if moved:
        origin["moved"] = moved
        origin["data"] = {**data, "set": {**data["set"], "assets": listed}}


def _decoded(text: str) -> bytes | None:
    """The bytes of a base64 text, if encoding them again gives the same text."""
    try:
        body = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return body if base64.b64encode(body).decode("ascii") == text else None


def _file_extension(head: str) -> str:
    kind = head.removeprefix("data:").split(";")[0].split("/")[-1]
    return f".{kind}" if re.fullmatch(r"[a-z0-9]{1,8}", kind) else ".bin"


def _header_comment(path: Path, found: Imported) -> str:
    lines = [f"Imported from {path.name}: {found.origin}."]
    lines += [f"Note: {note}" for note in found.notes]
    if ORIGIN in found.card.extensions:
        lines.append("The tables named rpterm_origin let an export reproduce the original file.")
    return "\n".join(lines)
