"""``rpterm cards worlds``: which worlds there are, and who knows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rpterm.cards import library, reader, worlds
from rpterm.cards.problems import CardError


@dataclass(frozen=True, slots=True)
class WorldRow:
    """One world for a list.

    Attributes:
        key: What a card names.
        entries: How many there are.
        cards: Keys of the cards that name it.
        error: What is wrong with its file, or "".
    """

    key: str
    path: Path
    entries: int
    cards: tuple[str, ...] = ()
    error: str = ""


def rows(folders: Sequence[Path]) -> list[WorldRow]:
    """Every world in the ``worlds`` of folders of cards."""
    known = _known(folders)
    return [_row(key, path, known) for key, path in worlds.world_files(folders).items()]


def _known(folders: Sequence[Path]) -> dict[Path, list[str]]:
    """World files, and the cards that name them."""
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


def _row(key: str, path: Path, known: dict[Path, list[str]]) -> WorldRow:
    cards = tuple(known.get(path.resolve(), ()))
    try:
        book = worlds.parse_world(reader.read_text(path), str(path)).lorebook
    except CardError as error:
        return WorldRow(key, path, 0, cards, str(error.problems[0]))
    return WorldRow(key, path, len(book.entries), cards)
