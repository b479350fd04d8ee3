"""``rpterm cards worlds``: lists the worlds and the cards that use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rpterm.cards import library, worlds
from rpterm.cards.format import reader
from rpterm.cards.problems import CardError


@dataclass(frozen=True, slots=True)
class WorldRow:
    """One world in the list.

    Attributes:
        key: The name by which cards refer to it.
        entries: Number of its lore entries.
        cards: Keys of the cards that use it.
        error: What is wrong with its file, or "".
    """

    key: str
    path: Path
    entries: int
    cards: tuple[str, ...] = ()
    error: str = ""


def list_worlds(folders: Sequence[Path]) -> list[WorldRow]:
    """Every world in the ``worlds`` folders of the folders of cards."""
    users = _users(folders)
    return [
        _row(key, path, tuple(users.get(path.resolve(), ())))
        for key, path in worlds.world_files(folders).items()
    ]


def _users(folders: Sequence[Path]) -> dict[Path, list[str]]:
    """The keys of the cards that use each world file."""
    found: dict[Path, list[str]] = {}
    for path in library.card_files(folders).values():
        try:
            names = reader.load(path).worlds
        except CardError:
            continue
        for name in names:
            if (file := worlds.find(name, path, folders)) is not None:
                found.setdefault(file.resolve(), []).append(path.stem)
    return found


def _row(key: str, path: Path, cards: tuple[str, ...]) -> WorldRow:
    try:
        book = worlds.parse_world(reader.read_text(path), str(path)).lorebook
    except CardError as error:
        return WorldRow(key, path, 0, cards, str(error.problems[0]))
    return WorldRow(key, path, len(book.entries), cards)
