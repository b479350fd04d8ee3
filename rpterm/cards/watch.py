"""Watches the files of a card and its worlds and reports what a save changed.

It has neither a thread nor a clock: the owner of an event loop calls ``poll`` periodically. A save
that breaks the card or a world never replaces the last valid version.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rpterm.cards.card import CharacterCard
from rpterm.cards.diff import Change, diff
from rpterm.cards.format.reader import load
from rpterm.cards.problems import CardError
from rpterm.cards.worlds import CardReader, CardText, UnreadableWorld, World, candidate_files

_Stamp = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class CardChanged:
    """The file contains a different valid card, or the set of unreadable worlds has changed.

    Attributes:
        text: The text a chat stores: the card's TOML, including the lore of its worlds.
        changes: The differences from the last valid card; empty if only comments or white space
            changed.
        unreadable: The card's worlds that cannot be read.
    """

    card: CharacterCard
    text: str
    changes: tuple[Change, ...]
    unreadable: tuple[UnreadableWorld, ...] = ()


@dataclass(frozen=True, slots=True)
class CardBroken:
    """The file is invalid at the moment; the last valid card remains in use."""

    error: CardError


class CardWatcher:
    """A watched card file and the last valid card in it, including its worlds.

    Attributes:
        extra: May be changed at any time; the next ``poll`` treats that as a save.

    Raises:
        CardError: The file is invalid or missing when watching begins.
    """

    def __init__(
        self, path: Path, folders: Sequence[Path] = (), extra: tuple[str, ...] = ()
    ) -> None:
        """Args:
        folders: Card folders; their ``worlds`` folders are searched too.
        extra: Worlds in addition to those the card names.
        """
        self.path, self.extra = path, extra
        self._folders = folders
        self._in_use, self._watched = [path], [path]
        self._worlds: tuple[World, ...] = ()
        self._last_stamps = self._stamps()
        current = self._read()
        self.card, self.text, self.unreadable = current.card, current.text, current.unreadable
        self._content: str | None = _content(current)
        self._missing_reported = False

    def poll(self) -> CardChanged | CardBroken | None:
        """Report what happened since the last call; ``None`` if nothing did.

        A broken save is reported once. Many editors remove the file for a moment while saving, so
        a missing file is reported only if the next call still finds it missing.
        """
        stamps = self._stamps()
        unchanged, self._last_stamps = stamps == self._last_stamps, stamps
        if any(_stamp(path) is None for path in self._in_use):
            is_due = unchanged and not self._missing_reported
            self._missing_reported = unchanged
            return self._update() if is_due else None
        self._missing_reported = False
        return None if unchanged else self._update()

    def _update(self) -> CardChanged | CardBroken | None:
        before, self._content = self._content, None
        try:
            current = self._read()
        except CardError as error:
            return CardBroken(error)
        self._content = _content(current)
        if self._content == before:
            return None
        changes = tuple(diff(self.card, current.card))
        self.card, self.text, self.unreadable = current.card, current.text, current.unreadable
        return CardChanged(current.card, current.text, changes, current.unreadable)

    def _read(self) -> CardText:
        """Read the card and its worlds, again if it names worlds that were not watched before."""
        while True:
            try:
                current = CardReader(self.path, self._folders, self.extra, self._worlds).read()
            except CardError:
                if self._watch_named_worlds():
                    continue
                raise
            self._in_use = [self.path, *(world.path for world in current.worlds)]
            if not self._watch_named_worlds():
                self._worlds = current.worlds
                return current

    def _watch_named_worlds(self) -> bool:
        """Watch every file a named world may be in, existing or not; whether that is a new list."""
        with suppress(CardError):
            names = (*load(self.path).worlds, *self.extra)
            named = (candidate_files(each, self.path, self._folders) for each in names)
            watched = [self.path, *(path for each in named for path in each)]
            if watched != self._watched:
                self._watched = watched
                self._last_stamps = self._stamps()
                return True
        return False

    def _stamps(self) -> list[object]:
        return [self.extra, *map(_stamp, self._watched)]


def _content(current: CardText) -> str:
    """Everything that was read, and the messages about what could not be read."""
    worlds = (world.text for world in current.worlds)
    return "\0".join((current.source, *worlds, *(world.message for world in current.unreadable)))


def _stamp(path: Path) -> _Stamp:
    """Values that change when a file is saved, whether it is overwritten or replaced."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
