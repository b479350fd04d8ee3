"""Values of strangers' cards made to fit ours, with a note for everything that was mended.

Next to nothing is refused here: what cannot be made to fit becomes the default, and the original
value stays in the patch that is kept beside the card.
"""

from __future__ import annotations

import math
from typing import Any

from rpterm.cards.exchange.problem import ExchangeError
from rpterm.cards.patterns import Budget
from rpterm.cards.reader import MAX_BYTES
from rpterm.cards.values import CONTROL

_MOST_NOTES = 30
_LIMIT = 10**9


class Mend:
    """Makes values fit and collects what it did.

    Attributes:
        notes: Sentences for the user, each once.
        patterns: How much work a stranger's patterns may still be.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._more = 0
        self.patterns = Budget()

    def note(self, text: str) -> None:
        """Remember one; a flood of them is counted, not kept."""
        if text in self.notes:
            return
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(text)
        else:
            self._more += 1

    def told(self) -> tuple[str, ...]:
        """All notes, and how many were too many."""
        more = (f"{self._more} more of the kind.",) if self._more else ()
        return (*self.notes, *more)

    def text(self, value: Any, where: str) -> str:
        """Text with plain line ends and no control characters.

        Raises:
            ExchangeError: It is longer than a whole card can be.
        """
        if value is None:
            return ""
        if not isinstance(value, str):
            if isinstance(value, bool | int | float):
                self.note(f"{where} was {value!r:.40} and is text now.")
                return str(value)
            self.note(f"{where} was no text; the original is kept aside.")
            return ""
        if len(value) > MAX_BYTES:
            raise ExchangeError(
                f"{where} has {len(value):,} characters; a whole card can have {MAX_BYTES:,} bytes."
            )
        plain = value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value
        if CONTROL.search(plain):
            plain = CONTROL.sub("", plain)
            self.note(f"{where} had control characters; they were taken out.")
        return plain

    def line(self, value: Any, where: str) -> str:
        """Text on one line."""
        return " ".join(self.text(value, where).split("\n")).strip()

    def texts(self, value: Any, where: str) -> tuple[str, ...]:
        """A list of texts; one text is a list of one."""
        if value is None:
            return ()
        if isinstance(value, str):
            self.note(f"{where} was one text and is a list now.")
            return (self.text(value, where),) if value.strip() else ()
        if not isinstance(value, list):
            self.note(f"{where} was no list; the original is kept aside.")
            return ()
        return tuple(self.text(each, where) for each in value)

    def whole(self, value: Any, where: str, default: int, low: int = -_LIMIT) -> int:
        """A whole number from ``low`` to a billion; text that holds one counts."""
        if value is None or value == "":
            return default
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                self.note(f"{where} was {value!r:.40}; it is {default} now.")
                return default
        if isinstance(value, float) and not math.isfinite(value):
            return default
        if not isinstance(value, bool | int | float):
            self.note(f"{where} was no number; it is {default} now.")
            return default
        number = int(min(max(value, -_LIMIT), _LIMIT))
        if number != value or number < low:
            self.note(f"{where} was {value!r:.40}; it is {max(number, low)} now.")
        return max(number, low)

    def flag(self, value: Any, where: str, default: bool) -> bool:
        """True or false; 0, 1, "true" and "false" count."""
        if value is None or value == "":
            return default
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return bool(value)
        if isinstance(value, str) and value.strip().casefold() in ("true", "false", "1", "0"):
            return value.strip().casefold() in ("true", "1")
        self.note(f"{where} was neither true nor false; it is {str(default).lower()} now.")
        return default
