"""Worlds: files of lore that several characters share, read together with the cards that name them.

A world's file is written like a card: ``[lorebook]`` and ``[[lore]]``, and no character. A whole
card serves as one, too: its lore alone counts. A card names its worlds (``worlds = ["loom"]``), and
what is read here is the card with their entries behind its own, each with the world it is from.

A chat keeps such a card as one text, ``CardText.text``, which says the same without any other file:
so a reply can be made again when a world was changed since. A world that is missing or broken is no
reason to refuse a card: it is told in ``CardText.lost``. A chat may name worlds for itself, too:
they are read as if each of its cards named them. It knows files, and no chats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from rpterm.cards import reader
from rpterm.cards.card import CharacterCard, Lorebook, LoreEntry
from rpterm.cards.locate import locate
from rpterm.cards.problems import CardError, Problem
from rpterm.cards.writer import dump

FOLDER = "worlds"
"""Of worlds, beside cards."""
_CHAT = "this chat"
_HEADER = "The card as a chat keeps it: with the lore of its worlds as it was then."

Fetch = Callable[[Path], str | None]
"""Gives the text of a world's file, ``None`` where there is none."""


@dataclass(frozen=True, slots=True)
class World:
    """One world that a card or its chat names.

    Attributes:
        name: As it is named there.
        text: Its TOML.
    """

    name: str
    path: Path
    text: str
    book: Lorebook


@dataclass(frozen=True, slots=True)
class Lost:
    """A world that cannot be read.

    Attributes:
        name: As the card or the chat has it.
        problems: What is wrong, at least one thing.
        kept: Whether the card has its lore as it was read last; else that is left out.
    """

    name: str
    problems: tuple[Problem, ...]
    kept: bool = False

    @property
    def told(self) -> str:
        """What is wrong, with file and line, and what comes of it."""
        more = len(self.problems) - 1
        rest = f" And {more} more." if more else ""
        ends = "stays as it was read last" if self.kept else "is left out"
        return f"{self.problems[0]}{rest} The lore of this world {ends}."


@dataclass(frozen=True, slots=True)
class CardText:
    """A card with all that it was read from.

    Attributes:
        card: With the lore of its worlds.
        source: The file's own text.
        text: What a chat keeps: the same text, or where the card names worlds one that has their
            lore, too. ``reader.parse`` makes the same card of it.
        lost: Worlds that it names and that cannot be read.
    """

    card: CharacterCard
    source: str
    text: str
    worlds: tuple[World, ...] = ()
    lost: tuple[Lost, ...] = ()


def load(path: Path, folders: Sequence[Path] = ()) -> CharacterCard:
    """Read a card with its worlds, for lists: what a chat would keep is not made.

    Args:
        folders: Of cards; worlds are looked for in theirs, too.

    Raises:
        CardError: Everything that is wrong with it.
    """
    text, origin = reader.read_text(path), str(path)
    return _Reader(path, folders).joined(text, reader.parse(text, origin), origin)[0]


def read(
    path: Path,
    folders: Sequence[Path] = (),
    extra: Sequence[str] = (),
    last: Sequence[World] = (),
) -> CardText:
    """Read a card's file with its worlds.

    Args:
        extra: Worlds that a chat names beside those of the card.
        last: Worlds as they were read before: one that cannot be read now stays as it was.

    Raises:
        CardError: Everything that is wrong with it, or it is too much together with its worlds.
    """
    return of_text(reader.read_text(path), path, folders, extra=extra, last=last)


def of_text(
    text: str,
    path: Path,
    folders: Sequence[Path] = (),
    fetch: Fetch | None = None,
    origin: str = "",
    extra: Sequence[str] = (),
    last: Sequence[World] = (),
) -> CardText:
    """Read a card's text with its worlds.

    Args:
        path: Where the card's file is, or would be: worlds are looked for beside it.
        fetch: Where worlds come from instead of the disk.
        origin: What problems call the card; "" is its path.
        extra, last: As in ``read``.

    Raises:
        CardError: As ``read``.
    """
    origin = origin or str(path)
    worlds = _Reader(path, folders, fetch or _fetch, extra, last)
    card, found, lost = worlds.joined(text, reader.parse(text, origin), origin)
    if not found:
        return CardText(card, text, text, lost=lost)
    kept = dump(card, _HEADER)
    _check(kept, card, text, origin)
    return CardText(card, text, kept, found, lost)


def places(name: str, card: Path, folders: Sequence[Path] = ()) -> list[Path]:
    """The files that the name of a world may mean, the first that exists counts."""
    try:
        named = Path(name).expanduser()
    except RuntimeError:  # there is no such user
        named = Path(name)
    file = named if named.suffix.lower() == ".toml" else Path(f"{named}.toml")
    roots = [card.parent / FOLDER, card.parent, *(folder / FOLDER for folder in folders)]
    found = dict.fromkeys(root / file for root in roots)
    return [each for each in found if each != card]


def find(name: str, card: Path, folders: Sequence[Path] = ()) -> Path | None:
    """The file of a world, if there is one."""
    return next((each for each in places(name, card, folders) if _is_file(each)), None)


def files(folders: Iterable[Path]) -> dict[str, Path]:
    """The world files beside folders' cards, by name; the first of a name counts."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted((folder / FOLDER).glob("*.toml"), key=lambda each: each.name.casefold()):
            found.setdefault(path.stem, path)
    return found


def named(name: str, folders: Sequence[Path]) -> Path | None:
    """The world's file that a name or a path means, whatever its letters' case.

    >>> named("The Loom", [])
    """
    path = Path(name.strip())
    if path.suffix.lower() == ".toml" and _is_file(path):
        return path
    known = {plain(each): path for each, path in files(folders).items()}
    return known.get(plain(name))


def none_yet(folder: Path) -> str:
    """What to do where there is no world; ``folder`` is the user's, of cards."""
    return (
        f"There are no worlds yet. A world is a file NAME.toml in {folder / FOLDER}, with lines "
        'like [[lore]], keys = ["mill"], content = "It burns.": `rpterm cards new NAME --world` '
        "begins one, `rpterm cards import FILE` makes one of a lorebook."
    )


def plain(name: str) -> str:
    """A name without what nobody has to write: case, hyphens, an ending of a file's name."""
    return " ".join(re.findall(r"[^\W_]+", name.casefold().removesuffix(".toml")))


def book(text: str, origin: str) -> CharacterCard:
    """A world's file as a card that has nothing but a name and the lore.

    Raises:
        CardError: Everything that is wrong with it.
    """
    card = reader.parse(text, origin, world=True)
    return replace(card, name=card.lorebook.name.strip() or Path(origin).stem)


def is_world(text: str) -> bool:
    """Whether a text is a world's, and no card."""
    from rpterm.cards.syntax import parse_toml

    data = parse_toml(text, "")[0]
    return bool(data) and "name" not in data and ("lore" in data or "lorebook" in data)


def _fetch(path: Path) -> str | None:
    return reader.read_text(path) if _is_file(path) else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the worlds of one card; see ``of_text``."""

    path: Path
    folders: Sequence[Path]
    fetch: Fetch = _fetch
    extra: Sequence[str] = ()
    last: Sequence[World] = ()

    def joined(
        self, text: str, card: CharacterCard, origin: str
    ) -> tuple[CharacterCard, tuple[World, ...], tuple[Lost, ...]]:
        """The card with the lore of its worlds, these, and those that cannot be read."""
        found: list[World] = []
        lost: list[Lost] = []
        before = {world.name: world for world in self.last}
        copied = {entry.world for entry in card.lorebook.entries}
        for at, name in enumerate(dict.fromkeys((*card.worlds, *self.extra))):
            try:
                found.append(
                    self._read(name) or self._missing(name, *self._where(card, at, text, origin))
                )
            except CardError as error:
                lost.append(Lost(name, error.problems, name in before or name in copied))
                found += [before[name]] if name in before else []
        return (merge(card, found) if found else card), tuple(found), tuple(lost)

    def _read(self, name: str) -> World | None:
        tried = ((file, self.fetch(file)) for file in places(name, self.path, self.folders))
        for file, text in tried:
            if text is not None:
                return World(name, file, text, book(text, str(file)).lorebook)
        return None

    def _where(self, card: CharacterCard, at: int, text: str, origin: str) -> tuple[str, int, str]:
        """File, line and field of a name, which the chat has where it is not the card's."""
        if at >= len(card.worlds):
            return _CHAT, 0, "worlds"
        return origin, locate(text).line(("worlds", at)), f"worlds #{at + 1}"

    def _missing(self, name: str, origin: str, line: int, field: str) -> NoReturn:
        from difflib import get_close_matches  # slow to import, and seldom needed

        folder = self.path.parent
        near = get_close_matches(name, files([folder, *self.folders]), n=1)
        tip = f"Did you mean {near[0]}?" if near else f"Put its file into {folder / FOLDER}."
        why = f"There is no world {name!a}."
        raise CardError([Problem(origin, line, field, why, tip)])


def _check(kept: str, card: CharacterCard, text: str, origin: str) -> None:
    """Together they may be more than one card can be."""
    try:
        if reader.parse(kept, origin) == card:
            return
        why = "it cannot be written as one text without loss"
    except CardError as error:
        why = error.problems[0].message.rstrip(".")
    line, message = locate(text).line(("worlds",)), f"With its worlds the card is too much: {why}."
    raise CardError([Problem(origin, line, "worlds", message, "Name fewer worlds.")])


# Lore of several files -------------------------------------------------------------------------
def merge(card: CharacterCard, found: Sequence[World]) -> CharacterCard:
    """The card with the entries of its worlds behind its own.

    An entry that is there already, word for word, is not taken twice: cards often carry a copy of
    their world. A world's depth of search holds for its own entries; the card's budget holds for
    all, and where it has none, those of the worlds together; any of them makes all recursive.
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
        budgets.append(0)  # Its own entries have no limit of their own.
    return replace(card, lorebook=replace(
        own,
        entries=tuple(entries),
        budget=own.budget or (sum(budgets) if all(budgets) else 0),
        recursive=own.recursive or any(each.book.recursive for each in found),
    ))  # fmt: skip


def _entries(world: World, depth: int) -> Iterator[LoreEntry]:
    """A world's entries as they stand in a card, and mean the same there."""
    from rpterm.cards.exchange.entry import whole

    other = world.book.scan_depth if world.book.scan_depth != depth else None
    for entry in world.book.entries:
        yield replace(
            whole(entry, world.book),
            world=world.name,
            scan_depth=other if entry.scan_depth is None else entry.scan_depth,
        )
