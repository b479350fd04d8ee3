"""A terminal parser that recognises Alt+letter at once and never reads pasted text as keys.

Terminals send Alt+letter as Escape and the letter, and Textual 8.2.8 waits a tenth of a second for
more. Another Alt key within that time (from a held key or on a busy machine) makes Textual type
``^`` and the letter instead; Alt+⏎ becomes ⏎, and Alt+F moves by a word. Terminals with Kitty's
protocol name every key and need none of this. Does not know the app.
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
_WORD_KEYS = "bf" if sys.platform == "darwin" else "b"
"""Letters that Option with ← and → sends on a Mac, also over a remote connection. Read as Alt+B,
Option+← would rate a reply; Alt+W rates it as well, so nothing is lost."""
_SEQUENCE = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~])?")
"""A colour or cursor sequence, or an Escape alone."""


class AltParser(XTermParser):
    """A parser that recognises Alt keys at once and strips escape sequences from pastes.

    Textual 8.2.8 reads an Escape within a paste as the start of a key, so that a paste could
    send a message; tmux passes Escapes through.
    """

    _pasting = False
    _seen = ""
    """The end of the previous data, which may hold part of a marker of a paste's start or end."""

    def feed(self, data: str) -> Iterable[Message]:
        """Parse data from the terminal, without the escape sequences in a paste."""
        clean = self._strip_pasted_sequences(data)
        return super().feed(clean) if clean or not data else ()

    def _strip_pasted_sequences(self, data: str) -> str:
        out: list[str] = []
        while data:
            if self._pasting:
                pasted, end, data = (self._seen + data).partition(BRACKETED_PASTE_END)
                self._pasting, self._seen = not end, "" if end else _partial_end(pasted)
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


def _partial_end(pasted: str) -> str:
    """A possible first part of the marker that ends a paste: an Escape and what follows it."""
    at = pasted.rfind(_ESCAPE, max(0, len(pasted) - len(BRACKETED_PASTE_END)))
    return pasted[at:] if at >= 0 else ""


def _is_plain(character: str) -> bool:
    """Whether it is a letter that starts no longer sequence, as capitals do."""
    return character.isalpha() and character.islower() and character not in _WORD_KEYS


def with_alt_parser(driver: type[Driver]) -> type[Driver]:
    """Make the driver use ``AltParser`` if it parses a terminal's input itself."""
    module = sys.modules[driver.__module__]
    if getattr(module, "XTermParser", None) is XTermParser:
        module.XTermParser = AltParser  # type: ignore[attr-defined]
    return driver
