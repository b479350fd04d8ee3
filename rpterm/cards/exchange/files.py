"""Import files into a folder of cards, and export a card's file: where disk and names are handled.

Nothing is ever overwritten, no name of a stranger's file reaches the disk unmade safe, and one bad
file does not stop the others.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rpterm.cards import worlds
from rpterm.cards.card import CharacterCard
from rpterm.cards.exchange.entry import ORIGIN
from rpterm.cards.exchange.export import FILE_MARK, Exported, Format, ReadFile, export
from rpterm.cards.exchange.origin import Imported, read_any
from rpterm.cards.exchange.problem import MAX_FILE, ExchangeError, NotACard
from rpterm.cards.library import OTHER_FORMATS
from rpterm.cards.problems import CardError
from rpterm.cards.reader import parse, read_text
from rpterm.cards.writer import dump, dump_world
from rpterm.marks import why

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)
_DATA_URI = re.compile(r"data:[\w.+/-]{0,80}(?:;[\w=-]{1,40})*;base64,", re.ASCII)
_INLINE = 4096


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What became of one file.

    Attributes:
        target: The card's TOML file, or ``None`` when it could not be imported.
        portrait: Its picture beside it, or ``None``.
        error: Why it could not be imported, or "".
        something_else: Whether it is no card at all.
        world: The world that the card names, as the other program calls it, or "".
        known: Whether ``target`` was there already, and nothing was written.
    """

    source: Path
    target: Path | None = None
    portrait: Path | None = None
    kind: str = ""
    origin: str = ""
    notes: tuple[str, ...] = ()
    error: str = ""
    something_else: bool = False
    world: str = ""
    known: bool = False


def import_files(
    paths: Iterable[Path],
    to_folder: Path,
    on_done: Callable[[ImportedFile], None] | None = None,
) -> list[ImportedFile]:
    """Import cards and lorebooks, each as a TOML file of its own; lorebooks become worlds.

    Args:
        paths: Files, or folders that are searched for files by ``OTHER_FORMATS``.
        on_done: Told after each file.

    Raises:
        ExchangeError: The folder cannot be made.
    """
    try:
        to_folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExchangeError(f"{to_folder} cannot be made: {why(error)}.") from error
    results = []
    for path in _files(paths):
        try:
            result = _import(path, to_folder)
        except ExchangeError as error:
            other = isinstance(error, NotACard)
            result = ImportedFile(path, error=str(error), something_else=other)
        except CardError as error:
            result = ImportedFile(path, error=error.problems[0].message)
        except OSError as error:
            result = ImportedFile(path, error=f"{why(error)}.")
        results.append(result)
        if on_done:
            on_done(result)
    return results


def export_file(
    card_path: Path, form: Format, out: Path, folders: Sequence[Path] = ()
) -> tuple[str, ...]:
    """Export a card's TOML file, or a world's; an existing file is not overwritten.

    The lore of a card's worlds goes with it, for other programs know nothing of their files.

    Args:
        folders: Of cards: worlds are looked for in theirs, too.

    Returns:
        What the format could not keep, one sentence each.

    Raises:
        CardError: The card has errors.
        ExchangeError: The file exists, cannot be written, or the card has nothing for the format.
    """
    text = read_text(card_path)
    if worlds.is_world(text):
        card, lost = worlds.book(text, str(card_path)), []
    else:
        found = worlds.of_text(text, card_path, folders)
        card, lost = found.card, [each.told for each in found.lost]
    done: Exported = export(card, form, reader(card_path.parent))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("xb") as file:
            file.write(done.data)
    except FileExistsError as error:
        raise ExchangeError(f"{out} exists already: choose another name.") from error
    except OSError as error:
        raise ExchangeError(f"{out} cannot be written: {why(error)}.") from error
    return (*lost, *done.notes)


def reader(folder: Path) -> ReadFile:
    """Gives files below a folder; a path that leads outside of it is as good as missing."""

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
    """A file name of letters, digits and dashes that every system takes.

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


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            found = (each for each in path.rglob("*") if each.suffix.lower() in OTHER_FORMATS)
            yield from sorted(each for each in found if each.is_file())
        else:
            yield path


def _import(path: Path, folder: Path) -> ImportedFile:
    found = read_any(path)
    if found.kind == "lorebook":
        return _import_world(path, folder / worlds.FOLDER, found)
    stem = _free(folder, safe_name(found.card.name))
    card, files, portrait = _place(found, stem)
    text = dump(card, _header(path, found))
    if parse(text, f"{stem}.toml") != card:
        raise ExchangeError(f"{path.name} cannot be written as TOML without loss.")
    target = folder / f"{stem}.toml"
    _write(folder, files | {target.name: text.encode()})
    return ImportedFile(
        path, target, folder / portrait if portrait else None, found.kind, found.origin,
        found.notes, world=world_of(card),
    )  # fmt: skip


def _import_world(path: Path, folder: Path, found: Imported) -> ImportedFile:
    """A lorebook of its own becomes a world, which cards can name."""
    folder.mkdir(exist_ok=True)
    # Cards of other programs name a world by its file.
    stem = _free(folder, safe_name(path.stem))
    text = dump_world(found.card, _header(path, found))
    read = worlds.book(text, f"{stem}.toml")
    if (read.lorebook, read.extensions) != (found.card.lorebook, found.card.extensions):
        raise ExchangeError(f"{path.name} cannot be written as TOML without loss.")
    target = folder / f"{stem}.toml"
    _write(folder, {target.name: text.encode()})
    return ImportedFile(path, target, None, found.kind, found.origin, found.notes)


def world_of(card: CharacterCard) -> str:
    """The world that the card of another program is bound to, or ""."""
    name = card.extensions.get("world")
    return name.strip() if isinstance(name, str) else ""


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write new files, all of them or none."""
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


def _free(folder: Path, stem: str) -> str:
    """The name, or the name with the first number that is free."""
    number, name = 1, stem
    taken = {each.name.casefold().split(".")[0] for each in folder.iterdir()}
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}"
    return name


def _place(found: Imported, stem: str) -> tuple[CharacterCard, dict[str, bytes], str]:
    """The card with the names its files get, these files, and the portrait's name or ""."""
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
    _move_data(origin, stem, files)
    extensions = {**found.card.extensions, ORIGIN: origin}
    return replace(found.card, portrait=portrait, extensions=extensions), files, portrait


def _move_data(origin: dict[str, Any], stem: str, files: dict[str, bytes]) -> None:
    """Pictures that stand in the card as base64 become files: a card is text to read."""
    data = origin.get("data", {})
    assets = data.get("set", {}).get("assets")
    if not isinstance(assets, list):
        return
    listed, moved = [], []
    for number, asset in enumerate(assets, 1):
        uri = asset.get("uri") if isinstance(asset, dict) else None
        head = _DATA_URI.match(uri) if isinstance(uri, str) and len(uri) > _INLINE else None
        body = _plain(uri[head.end() :]) if isinstance(uri, str) and head else None
        if head and body is not None:
            name = f"{stem}.assets/data-{number:03d}{_suffix(head[0])}"
            files[name] = body
            moved.append(name)
            asset = {**asset, "uri": f"{FILE_MARK}{name}|{head[0]}"}
        listed.append(asset)
    if moved:
        origin["moved"] = moved
        origin["data"] = {**data, "set": {**data["set"], "assets": listed}}


def _plain(text: str) -> bytes | None:
    """What base64 stands for, where the same text comes back from it."""
    try:
        body = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return body if base64.b64encode(body).decode("ascii") == text else None


def _suffix(head: str) -> str:
    kind = head.removeprefix("data:").split(";")[0].split("/")[-1]
    return f".{kind}" if re.fullmatch(r"[a-z0-9]{1,8}", kind) else ".bin"


def _header(path: Path, found: Imported) -> str:
    lines = [f"Imported from {path.name}: {found.origin}."]
    lines += [f"Mended: {note}" for note in found.notes]
    lines.append(
        "The tables named rpterm_origin keep what an export needs to give the same file back."
    )
    return "\n".join(lines)
