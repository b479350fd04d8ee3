"""Reads Alt with a letter as terminals send it, and nothing that is pasted as keys.

Alt comes as Escape and the letter, and Textual 8.2.8 waits a tenth of a second whether more comes.
Another Alt key within that time, which a held key or a busy machine brings about, makes it type
``^`` and the letter instead; Alt+⏎ becomes ⏎, and Alt+F a move by a word. Terminals with Kitty's
protocol name every key, and need none of this. Knows no app.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from textual import events
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.driver import Driver
from textual.message import Message

_ESCAPE = "\x1b"
_WORDS = "bf" if sys.platform == "darwin" else "b"
"""What Option with ← and → is on a Mac, also one that is connected from afar. Alt+B would rate a
reply then, and Alt+W does that, too."""
_SEQUENCE = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~])?")
"""Colours and movements, or an Escape alone."""


class AltParser(XTermParser):
    """A parser that knows such a key at once.

    Textual 8.2.8 reads an Escape within a paste as the beginning of a key, so that a paste could
    send a message; tmux hands Escapes on.
    """

    _pasting = False
    _seen = ""
    """The end of what was fed before, where a paste may have begun or may be about to end."""

    def feed(self, data: str) -> Iterable[Message]:
        """As the parser's own."""
        clean = self._harmless(data)
        return super().feed(clean) if clean or not data else ()

    def _harmless(self, data: str) -> str:
        out: list[str] = []
        while data:
            if self._pasting:
                whole = self._seen + data
                pasted, end, data = whole.partition(BRACKETED_PASTE_END)
                self._pasting, self._seen = not end, "" if end else _begun(pasted)
                out += [_SEQUENCE.sub("", pasted[: len(pasted) - len(self._seen)]), end]
            else:
                before, start, rest = (self._seen + data).partition(BRACKETED_PASTE_START)
                taken = len(data) - len(rest)
                out.append(data[:taken])
                self._pasting, data = bool(start), rest
                self._seen = "" if start else before[1 - len(BRACKETED_PASTE_START) :]
        return "".join(out)

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if sequence == _ESCAPE + "\r":
            return (events.Key("alt+enter", None),)
        if len(sequence) == 2 and sequence[0] == _ESCAPE and _is_plain(sequence[1]):
            return super()._sequence_to_key_events(sequence[1], alt=True)
        return super()._sequence_to_key_events(sequence, alt=alt)


def _begun(pasted: str) -> str:
    """As much of a paste's end as stands at the end of it: an Escape and what follows."""
    at = pasted.rfind(_ESCAPE, max(0, len(pasted) - len(BRACKETED_PASTE_END)))
    return pasted[at:] if at >= 0 else ""


def _is_plain(character: str) -> bool:
    """Whether it is a letter that begins no longer sequence, as capitals do."""
    return character.isalpha() and character.islower() and character not in _WORDS


def understood(driver: type[Driver]) -> type[Driver]:
    """The same driver, which reads keys so where it reads them from a terminal itself."""
    module = sys.modules[driver.__module__]
    if getattr(module, "XTermParser", None) is XTermParser:
        module.XTermParser = AltParser  # type: ignore[attr-defined]
    return driver
