"""Adds worlds to a card or removes them: in its file, or in its TOML text.

Everything else of the text stays byte for byte.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from rpterm.cards import library, worlds
from rpterm.cards.authoring.card_files import writable_path, write_card
from rpterm.cards.format.reader import parse, read_text
from rpterm.cards.format.toml_edit import checked, parse_document
from rpterm.cards.lore.rules import world_name
from rpterm.errors import RptermError

_KEY = "worlds"


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
    before = read_text(path)
    after = with_world_changed(before, name, own, folders, leave=leave)
    write_card(own, after, path, worlds.CardReader(own, folders).parse(after).card.portrait)
    return own


def with_world_changed(
    text: str, name: str, card: Path, folders: list[Path], *, leave: bool
) -> str:
    """A card's text with a world added, or with ``leave`` removed.

    Raises:
        RptermError: As ``join``.
    """
    if leave:
        return remove_world(text, match_world_name(parse(text).worlds, name) or name)
    return add_world(text, world_reference(name, card, folders))


def match_world_name(names: Iterable[str], name: str) -> str:
    """The one of ``names`` that has the same file name as ``name``, or ""."""
    known = {worlds.normalized(world_name(each)): each for each in names}
    return known.get(worlds.normalized(world_name(name)), "")


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


def add_world(text: str, world: str) -> str:
    """Add a world to a card's text.

    Raises:
        CardError: The text is not a valid card.
        RptermError: The card names the world already, or its layout does not allow the change.
    """
    before = parse(text)
    if world in before.worlds:
        raise RptermError(f"{before.name} already has the world {world}.")
    toml, wanted = parse_document(text), (*before.worlds, world)
    if isinstance(listed := toml.get(_KEY), list):
        listed.append(world)  # so that comments and layout are kept
    else:
        toml[_KEY] = list(wanted)
    return checked(toml.as_string(), text, replace(before, worlds=wanted))


def remove_world(text: str, world: str) -> str:
    """Remove a world from a card's text.

    Raises:
        RptermError: As for ``add_world``, or the card does not name the world.
    """
    before = parse(text)
    if world not in before.worlds:
        has = f"It has {', '.join(before.worlds)}." if before.worlds else "It has none."
        raise RptermError(f"{before.name} has no world {world}. {has}")
    toml, wanted = parse_document(text), tuple(each for each in before.worlds if each != world)
    if wanted:
        toml[_KEY].remove(world)
    else:
        del toml[_KEY]
    return checked(toml.as_string(), text, replace(before, worlds=wanted))


def _world_file(name: str, card: Path, folders: list[Path]) -> Path:
    """The file of a world, given its name or path; it was checked to be readable."""
    file = worlds.find_by_name(name, [card.parent, *folders]) or worlds.find(name, card, folders)
    if file is None:
        raise RptermError(_unknown_world_message(name, [card.parent, *folders]))
    worlds.parse_world(read_text(file), str(file))
    return file


def _unknown_world_message(name: str, folders: list[Path]) -> str:
    known = worlds.world_files(folders)
    if Path(name).suffix.lower() in library.FOREIGN_EXTENSIONS:
        return f"{name} is another program's file. Import it first: rpterm cards import {name}"
    none = "There are none yet: `rpterm cards new NAME --world` creates one."
    available = f"There are: {', '.join(known)}." if known else none
    return f"There is no world {name!r}. {available}"
