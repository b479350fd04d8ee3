"""Worlds: lore files shared by several characters, loaded together with the cards that name them.

A world file is written like a card with ``[lorebook]`` and ``[[lore]]`` but no character. A
complete card can also serve as a world; only its lore is used. A card names its worlds
(``worlds = ["loom"]``); loading it here appends their entries to its own, each marked with its
world.

A chat stores such a card as one self-contained text, ``CardText.text``, so that a reply can be
regenerated even after a world has changed. A missing or broken world does not make a card
unusable: it is reported in ``CardText.unreadable``. A chat may name worlds of its own, which are
loaded as if each of its cards named them. This module knows files but no chats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, NoReturn

from rpterm.cards.card import CharacterCard, Lorebook, LoreEntry
from rpterm.cards.format import reader
from rpterm.cards.format.locate import locate
from rpterm.cards.format.writer import dump
from rpterm.cards.problems import CardError, Problem
from rpterm.humanize import counted
from rpterm.paths import is_file

FOLDER = "worlds"
"""The folder of world files, next to the card files."""
_CHAT = "this chat"
_HEADER = "The card as a chat stores it, with the lore of its worlds at that time."

Fetch = Callable[[Path], str | None]
"""Returns the text of a world file, or ``None`` if there is no such file."""


class World(NamedTuple):
    """A world that a card or its chat names.

    Attributes:
        name: As the card or the chat names it.
        text: Its TOML.
    """

    name: str
    path: Path
    text: str
    book: Lorebook


class UnreadableWorld(NamedTuple):
    """A world that cannot be read.

    Attributes:
        name: As the card or the chat names it.
        problems: What is wrong; never empty.
        kept: Whether its lore stays in the card as it was last read; otherwise it is left out.
    """

    name: str
    problems: tuple[Problem, ...]
    kept: bool = False

    @property
    def message(self) -> str:
        """A message that says what is wrong, with file and line, and what happens to the lore."""
        more = len(self.problems) - 1
        others = f" ({counted(more, 'more problem')} in this file.)" if more else ""
        result = "stays as it was last read" if self.kept else "is left out"
        return f"{self.problems[0]}{others} The lore of this world {result}."


class CardText(NamedTuple):
    """A card and the texts it was read from.

    Attributes:
        card: The card including the lore of its worlds.
        source: The text of the card's file.
        text: The text a chat stores: ``source``, or if the card has worlds, a text that includes
            their lore. ``reader.parse`` gives the same card from it.
        unreadable: The worlds that cannot be read.
        path: The card's file; ``None`` for a chat's own copy.
    """

    card: CharacterCard
    source: str
    text: str
    worlds: tuple[World, ...] = ()
    unreadable: tuple[UnreadableWorld, ...] = ()
    path: Path | None = None


def candidate_files(name: str, card: Path, folders: Sequence[Path]) -> list[Path]:
    """The files that a world's name may refer to; the first that exists is used."""
    try:
        named = Path(name).expanduser()
    except RuntimeError:  # There is no such user.
        named = Path(name)
    file = named if named.suffix.lower() == ".toml" else Path(f"{named}.toml")
    roots = [card.parent / FOLDER, card.parent, *(folder / FOLDER for folder in folders)]
    found = dict.fromkeys(root / file for root in roots)
    return [each for each in found if each != card]


def find(name: str, card: Path, folders: Sequence[Path] = ()) -> Path | None:
    """The file of the world that a card names, if it exists."""
    return next((each for each in candidate_files(name, card, folders) if is_file(each)), None)


def world_files(folders: Iterable[Path]) -> dict[str, Path]:
    """The world files of card folders by name; of several with the same name, the first."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted((folder / FOLDER).glob("*.toml"), key=lambda each: each.name.casefold()):
            found.setdefault(path.stem, path)
    return found


def find_by_name(name: str, folders: Sequence[Path]) -> Path | None:
    """The file of a world, given its path or its name in any spelling; see ``normalized``."""
    path = Path(name.strip())
    if path.suffix.lower() == ".toml" and is_file(path):
        return path
    known = {normalized(each): path for each, path in world_files(folders).items()}
    return known.get(normalized(name))


def no_worlds_hint(folder: Path) -> str:
    """A hint for users without any world; ``folder`` is the user's folder of cards."""
    return (
        f"There are no worlds yet. A world is a file NAME.toml in {folder / FOLDER}, with lines "
        'like [[lore]], keys = ["mill"], content = "It burns.": `rpterm cards new NAME --world` '
        "creates one, and `rpterm cards import FILE` turns a lorebook into one."
    )


def normalized(name: str) -> str:
    """A world's name normalised for comparison: no case, punctuation or file extension."""
    return " ".join(re.findall(r"[^\W_]+", name.casefold().removesuffix(".toml")))


def parse_world(text: str, origin: str) -> CharacterCard:
    """Parse a world file as a card that has only a name and lore.

    Raises:
        CardError: Everything that is wrong with the file.
    """
    card = reader.parse(text, origin, world=True)
    return replace(card, name=card.lorebook.name.strip() or Path(origin).stem)


def is_world(text: str) -> bool:
    """Whether a text is a world and not a card."""
    from rpterm.cards.format.syntax import parse_toml

    data = parse_toml(text, "")[0]
    return bool(data) and "name" not in data and ("lore" in data or "lorebook" in data)


def _read_file(path: Path) -> str | None:
    return reader.read_text(path) if is_file(path) else None


class CardReader(NamedTuple):
    """Reads the card of one file with its worlds.

    Attributes:
        path: Where the file is, or would be: worlds are searched next to it.
        folders: Card folders; their ``worlds`` folders are searched too.
        extra: Worlds that a chat names in addition to those of the card.
        last: Worlds as they were last read, used in place of those that cannot be read now.
        fetch: Where worlds are read from.
    """

    path: Path
    folders: Sequence[Path] = ()
    extra: Sequence[str] = ()
    last: Sequence[World] = ()
    fetch: Fetch = _read_file

    def read(self) -> CardText:
        """Read the file.

        Raises:
            CardError: Everything that is wrong with the card, or it is too large with its worlds.
        """
        return self.parse(reader.read_text(self.path))

    def read_for_list(self) -> CharacterCard:
        """Read the file without building the text that a chat would store.

        Raises:
            CardError: Everything that is wrong with the card.
        """
        text, origin = reader.read_text(self.path), str(self.path)
        return self._merged(text, reader.parse(text, origin), origin)[0]

    def parse(self, text: str, origin: str = "") -> CardText:
        """Read a text in place of the file's.

        Args:
            origin: The file name that problems show; "" for ``path``.

        Raises:
            CardError: As for ``read``.
        """
        origin = origin or str(self.path)
        card, found, unreadable = self._merged(text, reader.parse(text, origin), origin)
        if not found:
            return CardText(card, text, text, unreadable=unreadable)
        combined = dump(card, _HEADER)
        _check_combined(combined, card, text, origin)
        return CardText(card, text, combined, found, unreadable)

    def _merged(
        self, text: str, card: CharacterCard, origin: str
    ) -> tuple[CharacterCard, tuple[World, ...], tuple[UnreadableWorld, ...]]:
        """The card with the lore of its worlds, these worlds, and those that cannot be read."""
        found: list[World] = []
        unreadable: list[UnreadableWorld] = []
        before = {world.name: world for world in self.last}
        copied = {entry.world for entry in card.lorebook.entries}
        for at, name in enumerate(dict.fromkeys((*card.worlds, *self.extra))):
            try:
                found.append(
                    self._read(name) or self._missing(name, *self._where(card, at, text, origin))
                )
            except CardError as error:
                unreadable.append(
                    UnreadableWorld(name, error.problems, name in before or name in copied)
                )
                found += [before[name]] if name in before else []
        return (merge(card, found) if found else card), tuple(found), tuple(unreadable)

    def _read(self, name: str) -> World | None:
        tried = (
            (file, self.fetch(file)) for file in candidate_files(name, self.path, self.folders)
        )
        for file, text in tried:
            if text is not None:
                return World(name, file, text, parse_world(text, str(file)).lorebook)
        return None

    def _where(self, card: CharacterCard, at: int, text: str, origin: str) -> tuple[str, int, str]:
        """File, line and field of a world's name; names beyond the card's are the chat's."""
        if at >= len(card.worlds):
            return _CHAT, 0, "worlds"
        return origin, locate(text).line(("worlds", at)), f"worlds #{at + 1}"

    def _missing(self, name: str, origin: str, line: int, field: str) -> NoReturn:
        from difflib import get_close_matches  # Slow to import and seldom needed.

        folder = self.path.parent
        near = get_close_matches(name, world_files([folder, *self.folders]), n=1)
        remedy = f"Did you mean {near[0]}?" if near else f"Put its file into {folder / FOLDER}."
        message = f"There is no world {name!a}."
        raise CardError([Problem(origin, line, field, message, remedy)])


def _check_combined(combined: str, card: CharacterCard, text: str, origin: str) -> None:
    """Check that the card and its worlds together are a valid card, too."""
    try:
        if reader.parse(combined, origin) == card:
            return
        reason = "they cannot be written as one text without loss"
    except CardError as error:
        reason = error.problems[0].message.rstrip(".")
    message = f"The card and its worlds are too large together: {reason}."
    line = locate(text).line(("worlds",))
    raise CardError([Problem(origin, line, "worlds", message, "Name fewer worlds.")])


def merge(card: CharacterCard, found: Sequence[World]) -> CharacterCard:
    """The card with the entries of its worlds appended to its own.

    An identical entry is not added twice, because cards often contain a copy of their world. A
    world's scan depth applies to its own entries. The card's budget applies to all entries; if it
    has none, the sum of the worlds' budgets does. If one book is recursive, all are.
    """
    own = card.lorebook
    names = {world.name for world in found}
    entries = [entry for entry in own.entries if entry.world not in names]
    seen = {(entry.keys, entry.content) for entry in entries}
    for world in found:
        for entry in _entries(world, own.scan_depth):
            if (entry.keys, entry.content) not in seen:
                seen.add((entry.keys, entry.content))
                entries.append(entry)
    budgets = [each.book.budget for each in found]
    if any(not entry.world for entry in entries):
        budgets.append(0)  # The card's own entries have no limit.
    return replace(card, lorebook=replace(
        own,
        entries=tuple(entries),
        budget=own.budget or (sum(budgets) if all(budgets) else 0),
        recursive=own.recursive or any(each.book.recursive for each in found),
    ))  # fmt: skip


def _entries(world: World, depth: int) -> Iterator[LoreEntry]:
    """A world's entries, adapted so that they mean the same in a card with scan depth ``depth``."""
    from rpterm.cards.exchange.documents.entry import with_common_patches

    scan_depth = world.book.scan_depth if world.book.scan_depth != depth else None
    for entry in world.book.entries:
        yield replace(
            with_common_patches(entry, world.book),
            world=world.name,
            scan_depth=scan_depth if entry.scan_depth is None else entry.scan_depth,
        )
