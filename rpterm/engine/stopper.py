"""The text of one growing reply: whole characters, and never a part of a stop text.

Pure: it knows bytes and texts, no model and no token ids. Text that could still turn out to be the
beginning of a stop text, or of a banned phrase, is held back until that is decided, so what was
shown is hardly ever taken back. All results depend on the bytes alone, not on how they were cut.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence


def fold(text: str) -> str:
    """Lower case, character by character, so that places in the text stay what they were."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def first_match(text: str, needles: Sequence[str], start: int = 0) -> tuple[int, int] | None:
    """The match that is complete first, as (begin, end); of two ending together the longer one.

    Args:
        start: Where matches may begin.
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


def open_length(text: str, needles: Sequence[str]) -> int:
    """Length of the longest end of ``text`` that begins a needle without completing it."""
    longest = 0
    for needle in needles:
        for length in range(min(len(needle) - 1, len(text)), longest, -1):
            if text.endswith(needle[:length]):
                longest = length
                break
    return longest


class ReplyText:
    """Collects the bytes of one reply and says what may be shown.

    Attributes:
        text: Everything decoded so far, before any cut at a stop text.
        shown: How many characters of it were given out.
        stopped: Whether a stop text is complete; ``text`` then ends right before it.
    """

    def __init__(self, stops: Sequence[str] = (), banned: Sequence[str] = ()) -> None:
        """Args:
        stops: Exact texts that end the reply; empty ones are ignored.
        banned: Phrases whose beginnings are held back, in any case; matching them is the
            caller's business.
        """
        self._stops = tuple(stop for stop in stops if stop)
        self._banned = tuple(fold(phrase) for phrase in banned if phrase)
        self._reach = max((len(text) for text in (*self._stops, *self._banned)), default=1) - 1
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._raw = bytearray()
        self.text = ""
        self.shown = 0
        self.stopped = False

    @property
    def size(self) -> int:
        """Bytes taken in so far: what ``rewind`` takes to come back here."""
        return len(self._raw)

    def feed(self, data: bytes) -> str:
        """Take in bytes; returns the text that may now be shown."""
        self._raw += data
        self.text += self._decoder.decode(data)
        if not self._stops and not self._banned:
            return self._show(len(self.text))
        match = first_match(self.text, self._stops, max(0, self.shown - self._reach))
        if match is not None:
            self.stopped = True
            self.text = self.text[: match[0]]
            return self._show(match[0])
        return self._show(len(self.text) - self._held())

    def finish(self) -> str:
        """The reply is over: what was held back is text after all; half a character is dropped."""
        return self._show(len(self.text))

    def rewind(self, size: int) -> int:
        """Forget all but the first ``size`` bytes; returns how many shown characters that takes
        back. Text whose meaning is open again is held back again."""
        del self._raw[size:]
        self._decoder.reset()
        self.text = self._decoder.decode(bytes(self._raw))
        self.stopped = False
        keep = min(self.shown, len(self.text) - self._held())
        taken = self.shown - keep
        self.shown = keep
        return taken

    def _held(self) -> int:
        held = open_length(self.text, self._stops)
        if self._banned:
            tail = fold(self.text[-self._reach :]) if self._reach else ""
            held = max(held, open_length(tail, self._banned))
        return held

    def _show(self, until: int) -> str:
        until = max(until, self.shown)
        out = self.text[self.shown : until]
        self.shown = until
        return out
