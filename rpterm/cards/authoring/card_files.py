"""Writes card files, atomically, and adds worlds to them or removes them.

A card that ships with the program is never changed: a copy in the user's folder is written
instead. This module knows no chats.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rpterm.cards import library, worlds
from rpterm.cards.authoring import world_edit
from rpterm.cards.format import reader
from rpterm.cards.lore.rules import world_name
from rpterm.errors import cause_of
from rpterm.paths import write_atomic
from rpterm.types import RptermError


def writable_path(path: Path, folder: Path | None) -> Path:
    """Where to write a card: to its own file, or into the user's ``folder`` if it is shipped."""
    shipped = path.parent in library.card_folders(None)
    return folder / path.name if shipped and folder is not None else path


def write_card(own: Path, text: str, path: Path, portrait: str = "") -> None:
    """Write a card's text to ``own``; the portrait is copied too if that is not ``path`` itself.

    Raises:
        RptermError: The file cannot be written; the previous content is kept.
    """
    with _write_errors_explained(own):
        if own != path:
            own.parent.mkdir(parents=True, exist_ok=True)
            picture = path.parent / (portrait or "-")
            if picture.is_file() and not (own.parent / picture.name).exists():
                shutil.copyfile(picture, own.parent / picture.name)
        write_atomic(own, text.encode(), like=path)


def world_reference(name: str, card: Path, folders: list[Path]) -> str:
    """The entry a card needs in ``worlds`` for a world to be found: its name, or else its path.

    Args:
        name: The name of a world, or of its file.

    Raises:
        RptermError: There is no such world, or it cannot be read.
    """
    file = _world_file(name, card, folders)
    by_name = worlds.find(file.stem, card, folders)
    if by_name is not None and by_name.resolve() == file.resolve():
        return file.stem
    relative = os.path.relpath(file.resolve(), card.parent.resolve())
    # A file further away is likelier to keep its absolute than its relative path.
    return str(file.absolute()) if relative.startswith(str(Path("../.."))) else relative


def world_reference_for_chat(name: str, card: Path, folders: list[Path]) -> str:
    """The entry a chat needs for all of its cards to find a world; see ``world_reference``.

    Args:
        card: The file of the chat's main character; worlds next to it come first.
    """
    file = _world_file(name, card, folders)
    known = worlds.world_files(folders).get(file.stem)
    if known is not None and known.resolve() == file.resolve():
        return file.stem
    return str(file.absolute())


def _world_file(name: str, card: Path, folders: list[Path]) -> Path:
    """The file of a world, given its name or path; it was checked to be readable."""
    file = worlds.find_by_name(name, [card.parent, *folders]) or worlds.find(name, card, folders)
    if file is None:
        raise RptermError(_unknown_world_message(name, [card.parent, *folders]))
    worlds.parse_world(reader.read_text(file), str(file))
    return file


def join(path: Path, name: str, user_folder: Path | None, *, leave: bool = False) -> Path:
    """Add a world to the card in a file, or with ``leave`` remove it.

    Returns:
        The file that was written.

    Raises:
        RptermError: There is no such world, the card is broken, or it cannot be written.
    """
    folders = library.card_folders(user_folder)
    own = writable_path(path, user_folder)
    if own != path and own.exists():
        raise RptermError(f"You have your own copy of this card in {own}: use that one.")
    before = reader.read_text(path)
    after = with_world_changed(before, name, own, folders, leave=leave)
    write_card(own, after, path, worlds.parse_card(after, own, folders).card.portrait)
    return own


def with_world_changed(
    text: str, name: str, card: Path, folders: list[Path], *, leave: bool
) -> str:
    """A card's text with a world added, or with ``leave`` removed.

    Raises:
        RptermError: As ``join``.
    """
    if leave:
        return world_edit.remove_world(text, matching_world(text, name))
    return world_edit.add_world(text, world_reference(name, card, folders))


def matching_world(text: str, name: str) -> str:
    """A world as the card names it, found by that name or by the world's file name alone."""
    return match_world_name(reader.parse(text).worlds, name) or name


def match_world_name(names: Iterable[str], name: str) -> str:
    """The one of ``names`` that has the same file name as ``name``, or ""."""
    known = {worlds.normalized(world_name(each)): each for each in names}
    return known.get(worlds.normalized(world_name(name)), "")


def _unknown_world_message(name: str, folders: list[Path]) -> str:
    known = worlds.world_files(folders)
    if Path(name).suffix.lower() in library.FOREIGN_EXTENSIONS:
        return f"{name} is another program's file. Import it first: rpterm cards import {name}"
    none = "There are none yet: `rpterm cards new NAME --world` creates one."
    available = f"There are: {', '.join(known)}." if known else none
    return f"There is no world {name!r}. {available}"


@contextmanager
def _write_errors_explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RptermError(f"{path} cannot be written ({cause_of(error)}).") from error
