"""A card's file while it is being edited: look, and say what changed.

No thread and no clock: whoever owns a loop calls ``poll`` now and then. A save that breaks the
card never replaces the last good one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rpterm.cards.card import CharacterCard
from rpterm.cards.diff import Change, diff
from rpterm.cards.problems import CardError
from rpterm.cards.reader import parse, read_text

_Stamp = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class CardChanged:
    """The file holds another good card.

    Attributes:
        text: Its TOML.
        changes: Against the last good card; empty when only comments or spaces changed.
    """

    card: CharacterCard
    text: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class CardBroken:
    """The file cannot be used as it is; the last good card stays."""

    error: CardError


class CardFile:
    """One file and the last good card it held.

    Raises:
        CardError: The file is broken or missing when the watch begins.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = _stamp(path)
        self.text = read_text(path)
        self.card = parse(self.text, str(path))
        self._seen: str | None = self.text
        self._away = False

    def poll(self) -> CardChanged | CardBroken | None:
        """What happened since the last call; ``None`` when nothing did.

        A broken save is told once. A file that is away for a moment, as many editors save, is
        told only when the next call finds it away still.
        """
        stamp = _stamp(self.path)
        same, self._stamp = stamp == self._stamp, stamp
        if stamp is None:
            told, self._away = same and not self._away, same
            return self._read() if told else None
        self._away = False
        return None if same else self._read()

    def _read(self) -> CardChanged | CardBroken | None:
        seen, self._seen = self._seen, None
        try:
            text = self._seen = read_text(self.path)
            if text == seen:
                return None
            card = parse(text, str(self.path))
        except CardError as error:
            return CardBroken(error)
        changes = tuple(diff(self.card, card))
        self.card, self.text = card, text
        return CardChanged(card, text, changes)


def _stamp(path: Path) -> _Stamp:
    """What changes when a file is saved, by writing into it or by putting another in its place."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
