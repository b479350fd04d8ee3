"""Creates the files of new cards and worlds; an existing file is never overwritten."""

from __future__ import annotations

from pathlib import Path

from rpterm.cards import worlds
from rpterm.cards.authoring import draft
from rpterm.cards.authoring.template import template, world_template
from rpterm.cards.card import CharacterCard
from rpterm.cards.exchange.files import safe_name
from rpterm.errors import RptermError
from rpterm.paths import Paths, make_folder, write_new


def new_file(name: str, to: Path | None, paths: Paths, *, world: bool = False) -> Path:
    """The file of a new card: ``to`` if it is a .toml file, else a file in that folder.

    By default, cards go into the user's folder of cards, and worlds into its folder ``worlds``.

    Raises:
        RptermError: The name has no character that a file's name can contain, or the file exists.
    """
    if not any(char.isalnum() for char in name):
        raise RptermError(f"{name!r} has no letter or digit: choose another name.")
    folder = to or (paths.characters / worlds.FOLDER if world else paths.characters)
    file = to if to and to.suffix == ".toml" else folder / f"{safe_name(name)}.toml"
    if file.exists():
        raise RptermError(f"{file} already exists: choose another name or folder.")
    return file


def write_file(file: Path, text: str) -> None:
    """Write a new file; an existing one is never overwritten.

    Raises:
        PathError: It cannot be written.
    """
    make_folder(file.parent)
    write_new(file, text, force=False)


def blank_card(name: str, tagline: str, description: str, greeting: str = "") -> str:
    """The text of a card, with what is not given as comments to fill in."""
    return template(
        CharacterCard(
            name=draft.one_line(name),
            tagline=draft.one_line(tagline),
            description=draft.paragraphs(description),
            greetings=(greeting.strip(),) if greeting.strip() else (),
        )
    )


def blank_world(name: str) -> str:
    """The text of a world to fill in."""
    return world_template(draft.one_line(name))
