"""The text of one growing reply: whole characters only, and never part of a stop text.

Text that may still become a stop text or a banned phrase is held back until that is decided, so
shown text rarely has to be taken back. All results depend only on the bytes, not on how they were
split. Pure: it knows bytes and texts, no model and no token ids.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence


def fold(text: str) -> str:
    """Lowercase each character separately, so that offsets in the text stay valid.

    Both small letters of a sigma become one: which is right depends on how the word goes on.
    """
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    return lowered.replace("ς", "σ")


def first_match(text: str, needles: Sequence[str], start: int = 0) -> tuple[int, int] | None:
    """The match that ends first, as (begin, end); of two with the same end the longer one.

    Args:
        start: First offset at which a match may begin.
    """
    best: tuple[int, int] | None = None
    for needle in needles:
        begin = text.find(needle, start)
        if begin < 0:
            continue
        end = begin + len(needle)
        if best is None or (end, begin) < (best[1], best[0]):
            best = (begin, end)
    return best


def partial_match_length(text: str, needles: Sequence[str]) -> int:
    """Length of the longest suffix of ``text`` that is an incomplete beginning of a needle."""
    longest = 0
    for needle in needles:
        for length in range(min(len(needle) - 1, len(text)), longest, -1):
            if text.endswith(needle[:length]):
                longest = length
                break
    return longest


class ReplyText:
    """Collects the bytes of one reply and decides what can be shown.

    Attributes:
        text: Everything decoded so far; it ends before a complete stop text.
        shown: How many of its characters were returned to be shown.
        stopped: Whether a stop text is complete.
    """

    def __init__(self, stops: Sequence[str] = (), banned: Sequence[str] = ()) -> None:
        """Args:
        stops: Exact texts that end the reply; empty ones are ignored.
        banned: Phrases whose beginnings are held back, in any case; finding them is up to the
            caller.
        """
        self._stops = tuple(stop for stop in stops if stop)
        self._banned = tuple(fold(phrase) for phrase in banned if phrase)
        self._max_held = max((len(text) for text in (*self._stops, *self._banned)), default=1) - 1
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._raw = bytearray()
        self.text = ""
        self.shown = 0
        self.stopped = False

    @property
    def size(self) -> int:
        """Bytes fed so far; ``rewind`` returns to such a size."""
        return len(self._raw)

    def feed(self, data: bytes) -> str:
        """Add bytes; returns the text that can now be shown."""
        self._raw += data
        self.text += self._decoder.decode(data)
        if not self._stops and not self._banned:
            return self._show(len(self.text))
        match = first_match(self.text, self._stops, max(0, self.shown - self._max_held))
        if match is not None:
            self.stopped = True
            self.text = self.text[: match[0]]
            return self._show(match[0])
        return self._show(len(self.text) - self._held_length())

    def finish(self) -> str:
        """End the reply; returns what was held back. An incomplete character is dropped."""
        return self._show(len(self.text))

    def rewind(self, size: int) -> int:
        """Forget all but the first ``size`` bytes.

        Returns:
            How many shown characters are taken back, those included that must be held back again.
        """
        del self._raw[size:]
        self._decoder.reset()
        self.text = self._decoder.decode(bytes(self._raw))
        self.stopped = False
        shown_before = self.shown
        self.shown = min(self.shown, len(self.text) - self._held_length())
        return shown_before - self.shown

    def _held_length(self) -> int:
        """How many characters at the end may belong to a stop text or banned phrase."""
        held = partial_match_length(self.text, self._stops)
        if self._banned:
            tail = fold(self.text[-self._max_held :]) if self._max_held else ""
            held = max(held, partial_match_length(tail, self._banned))
        return held

    def _show(self, end: int) -> str:
        end = max(end, self.shown)
        text = self.text[self.shown : end]
        self.shown = end
        return text
