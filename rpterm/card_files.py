"""Cards' files, written by the program: whole, and never one that ships with it.

Instead of a card that ships, a copy in the user's own folder is written. It knows no chat.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rpterm.cards import library, reader, world_edit, worlds
from rpterm.marks import why
from rpterm.paths import write_whole
from rpterm.types import RptermError


def own_place(path: Path, folder: Path | None) -> Path:
    """Where to write a card: itself, or in the user's ``folder`` instead of one that ships."""
    shipped = path.parent in library.folders(None)
    return folder / path.name if shipped and folder is not None else path


def write(own: Path, text: str, path: Path, portrait: str = "") -> None:
    """Write a card's text, into a copy with its picture where ``own`` is not ``path``.

    Raises:
        RptermError: It cannot be written; what was there still is.
    """
    with _explained(own):
        if own != path:
            own.parent.mkdir(parents=True, exist_ok=True)
            picture = path.parent / (portrait or "-")
            if picture.is_file() and not (own.parent / picture.name).exists():
                shutil.copyfile(picture, own.parent / picture.name)
        write_whole(own, text.encode(), like=path)


def world_for(name: str, card: Path, folders: list[Path]) -> str:
    """What a card has to name for a world to be found, a file elsewhere by its whole path.

    Args:
        name: Of a world, or its file.

    Raises:
        RptermError: There is no such world, or it cannot be read.
    """
    file = _world_file(name, card, folders)
    short = file.stem
    near = worlds.find(short, card, folders)
    if near is not None and near.resolve() == file.resolve():
        return short
    beside = os.path.relpath(file.resolve(), card.parent.resolve())
    # From further off it is the file that stays where it is, not the way to it.
    return str(file.absolute()) if beside.startswith(str(Path("../.."))) else beside


def world_for_chat(name: str, card: Path, folders: list[Path]) -> str:
    """What a chat has to name for each of its cards to find a world; as ``world_for``.

    Args:
        card: Of the chat's own character: what lies beside it is meant first.
    """
    file = _world_file(name, card, folders)
    known = worlds.files(folders).get(file.stem)
    if known is not None and known.resolve() == file.resolve():
        return file.stem
    return str(file.absolute())


def _world_file(name: str, card: Path, folders: list[Path]) -> Path:
    """The file that the name of a world, or a path, means; one that can be read."""
    file = worlds.named(name, [card.parent, *folders]) or worlds.find(name, card, folders)
    if file is None:
        raise RptermError(_no_world(name, [card.parent, *folders]))
    worlds.book(reader.read_text(file), str(file))
    return file


def join(path: Path, name: str, user_folder: Path | None, *, leave: bool = False) -> Path:
    """Let the card of a file name a world, or no longer.

    Returns:
        The file that was written.

    Raises:
        RptermError: There is no such world, the card is broken, or it cannot be written.
    """
    folders = library.folders(user_folder)
    own = own_place(path, user_folder)
    if own != path and own.exists():
        raise RptermError(f"You have a card of your own in {own}: name that one.")
    before = reader.read_text(path)
    after = changed(before, name, own, folders, leave=leave)
    write(own, after, path, worlds.of_text(after, own, folders).card.portrait)
    return own


def changed(text: str, name: str, card: Path, folders: list[Path], *, leave: bool = False) -> str:
    """A card's text with a world that it did not name before, or without one.

    Raises:
        RptermError: As ``join``.
    """
    if leave:
        return world_edit.leave(text, named_in(text, name))
    return world_edit.join(text, world_for(name, card, folders))


def named_in(text: str, name: str) -> str:
    """A world as the card names it: also by its file's name alone."""
    return named_among(reader.parse(text).worlds, name) or name


def named_among(names: Iterable[str], name: str) -> str:
    """The one of several names that means the same file's name, or ""."""
    from rpterm.cards.lore.rules import world_name

    known = {worlds.plain(world_name(each)): each for each in names}
    return known.get(worlds.plain(world_name(name)), "")


def _no_world(name: str, folders: list[Path]) -> str:
    known = worlds.files(folders)
    if Path(name).suffix.lower() in library.OTHER_FORMATS:
        return f"{name} is of another program. Import it first: rpterm cards import {name}"
    none = "There are none yet: `rpterm cards new NAME --world` begins one."
    there = f"There are: {', '.join(known)}." if known else none
    return f"There is no world {name!r}. {there}"


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RptermError(f"{path} cannot be written ({why(error)}).") from error
