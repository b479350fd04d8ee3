"""A card's file, and those of its worlds, while they are edited: look, and say what changed.

No thread and no clock: whoever owns a loop calls ``poll`` now and then. A save that breaks the
card never replaces the last good one, nor does one that breaks a world.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rpterm.cards.card import CharacterCard
from rpterm.cards.diff import Change, diff
from rpterm.cards.problems import CardError
from rpterm.cards.reader import load
from rpterm.cards.worlds import CardText, Lost, World, places, read

_Stamp = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class CardChanged:
    """The file holds another good card, or other worlds of it cannot be read than before.

    Attributes:
        text: What a chat keeps of it: its TOML, with the lore of its worlds.
        changes: Against the last good card; empty when only comments or spaces changed.
        lost: Its worlds that cannot be read.
    """

    card: CharacterCard
    text: str
    changes: tuple[Change, ...]
    lost: tuple[Lost, ...] = ()


@dataclass(frozen=True, slots=True)
class CardBroken:
    """The file cannot be used as it is; the last good card stays."""

    error: CardError


class CardFile:
    """One file and the last good card it held, with its worlds.

    Attributes:
        extra: May be changed at any time: the next call of ``poll`` counts it as a save.

    Raises:
        CardError: The file is broken or missing when the watch begins.
    """

    def __init__(
        self, path: Path, folders: Sequence[Path] = (), extra: tuple[str, ...] = ()
    ) -> None:
        """Args:
        folders: Of cards: worlds are looked for in theirs, too.
        extra: Worlds beside those that the card names.
        """
        self.path, self.extra = path, extra
        self._folders = folders
        self._needed, self._watched = [path], [path]
        self._worlds: tuple[World, ...] = ()
        self._last = self._stamps()
        found = self._look()
        self.card, self.text, self.lost = found.card, found.text, found.lost
        self._seen: str | None = _whole(found)
        self._away = False

    def poll(self) -> CardChanged | CardBroken | None:
        """What happened since the last call; ``None`` when nothing did.

        A broken save is told once. A file that is away for a moment, as many editors save, is
        told only when the next call finds it away still.
        """
        stamps = self._stamps()
        same, self._last = stamps == self._last, stamps
        if any(_stamp(path) is None for path in self._needed):
            told, self._away = same and not self._away, same
            return self._read() if told else None
        self._away = False
        return None if same else self._read()

    def _read(self) -> CardChanged | CardBroken | None:
        seen, self._seen = self._seen, None
        try:
            found = self._look()
        except CardError as error:
            return CardBroken(error)
        self._seen = _whole(found)
        if self._seen == seen:
            return None
        changes = tuple(diff(self.card, found.card))
        self.card, self.text, self.lost = found.card, found.text, found.lost
        return CardChanged(found.card, found.text, changes, found.lost)

    def _look(self) -> CardText:
        """Read all, and once more where other worlds are named: those were not watched before."""
        while True:
            try:
                found = read(self.path, self._folders, self.extra, self._worlds)
            except CardError:
                if self._watch():
                    continue
                raise
            self._needed = [self.path, *(world.path for world in found.worlds)]
            if not self._watch():
                self._worlds = found.worlds
                return found

    def _watch(self) -> bool:
        """Whether there are other files to look at by now, also such as are not there yet."""
        with suppress(CardError):
            names = (*load(self.path).worlds, *self.extra)
            named = (places(each, self.path, self._folders) for each in names)
            watched = [self.path, *(path for each in named for path in each)]
            if watched != self._watched:
                self._watched = watched
                self._last = self._stamps()
                return True
        return False

    def _stamps(self) -> list[object]:
        return [self.extra, *map(_stamp, self._watched)]


def _whole(found: CardText) -> str:
    """All that was read, and what could not be."""
    worlds = (world.text for world in found.worlds)
    return "\0".join((found.source, *worlds, *(world.told for world in found.lost)))


def _stamp(path: Path) -> _Stamp:
    """What changes when a file is saved, by writing into it or by putting another in its place."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
