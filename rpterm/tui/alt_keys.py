"""Reads Alt with a letter from terminals that send it as Escape and the letter.

Textual 8.2.8 waits a tenth of a second whether more comes. Another Alt key within that time, which
a held key or a busy machine brings about, makes it type ``^`` and the letter instead; Alt+⏎ becomes
⏎, and Alt+F a move by a word. Terminals with Kitty's protocol name every key, and need none of
this. Knows no app.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from textual import events
from textual._xterm_parser import XTermParser
from textual.driver import Driver

_ESCAPE = "\x1b"
_WORDS = "bf" if sys.platform == "darwin" else "b"
"""What Option with ← and → is on a Mac, also one that is connected from afar. Alt+B would rate a
reply then, and Alt+W does that, too."""


class AltParser(XTermParser):
    """A parser that knows such a key at once."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if sequence == _ESCAPE + "\r":
            return (events.Key("alt+enter", None),)
        if len(sequence) == 2 and sequence[0] == _ESCAPE and _is_plain(sequence[1]):
            return super()._sequence_to_key_events(sequence[1], alt=True)
        return super()._sequence_to_key_events(sequence, alt=alt)


def _is_plain(character: str) -> bool:
    """Whether it is a letter that begins no longer sequence, as capitals do."""
    return character.isalpha() and character.islower() and character not in _WORDS


def understood(driver: type[Driver]) -> type[Driver]:
    """The same driver, which reads keys so where it reads them from a terminal itself."""
    module = sys.modules[driver.__module__]
    if getattr(module, "XTermParser", None) is XTermParser:
        module.XTermParser = AltParser  # type: ignore[attr-defined]
    return driver
