"""Coerces values of foreign cards to the types of our fields and notes every change.

Almost nothing is rejected here: a value that cannot be converted becomes the default, and the
original value stays in the patch that is stored with the card.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from rpterm.cards.exchange.errors import ExchangeError
from rpterm.cards.patterns import PatternBudget
from rpterm.cards.reader import MAX_BYTES
from rpterm.cards.value_checks import CONTROL_CHARACTERS
from rpterm.humanize import counted

_MAX_NOTES = 30
_LIMIT = 10**9


class Coercer:
    """Converts values and collects notes about what it changed.

    Attributes:
        notes: Sentences for the user, without repetition.
        patterns: The remaining budget for compiling the card's regex patterns.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._more = 0
        self._tally: Counter[str] = Counter()
        self.patterns = PatternBudget()

    def note(self, text: str) -> None:
        """Add a note; beyond ``_MAX_NOTES``, notes are only counted."""
        if text in self.notes:
            return
        if len(self.notes) < _MAX_NOTES:
            self.notes.append(text)
        else:
            self._more += 1

    def count_entry(self, text: str) -> None:
        """Add a note on one lorebook entry; equal ones become one sentence with their number."""
        self._tally[text] += 1

    def all_notes(self) -> tuple[str, ...]:
        """All notes, and the number of those that were only counted."""
        entries = tuple(
            f"{counted(count, 'lorebook entry', 'lorebook entries')} {text}"
            for text, count in self._tally.items()
        )
        more = (f"There are {self._more} more notes like these.",) if self._more else ()
        return (*self.notes, *entries, *more)

    def text(self, value: Any, where: str) -> str:
        """Text with LF line ends and no control characters.

        Raises:
            ExchangeError: The text is longer than an entire card can be.
        """
        if value is None:
            return ""
        if not isinstance(value, str):
            if isinstance(value, bool | int | float):
                self.note(f"{where} was {value!r:.40}; it was converted to text.")
                return str(value)
            self.note(f"{where} was not text; the original is kept for export only.")
            return ""
        if len(value) > MAX_BYTES:
            raise ExchangeError(
                f"{where} has {len(value):,} characters; an entire card can have {MAX_BYTES:,}."
            )
        plain = value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value
        if CONTROL_CHARACTERS.search(plain):
            plain = CONTROL_CHARACTERS.sub("", plain)
            self.note(f"{where} had control characters; they were removed.")
        return plain

    def line(self, value: Any, where: str) -> str:
        """Text on one line."""
        return " ".join(self.text(value, where).split("\n")).strip()

    def texts(self, value: Any, where: str) -> tuple[str, ...]:
        """A list of texts; a single text becomes a list of one."""
        if value is None:
            return ()
        if isinstance(value, str):
            self.note(f"{where} was a single text; it was converted to a list.")
            return (self.text(value, where),) if value.strip() else ()
        if not isinstance(value, list):
            self.note(f"{where} was not a list; the original is kept for export only.")
            return ()
        return tuple(self.text(each, where) for each in value)

    def integer(self, value: Any, where: str, default: int, low: int = -_LIMIT) -> int:
        """A whole number from ``low`` to a billion; text that contains a number is converted."""
        if value is None or value == "":
            return default
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                self.note(f"{where} was {value!r:.40}; it is now {default}.")
                return default
        if isinstance(value, float) and not math.isfinite(value):
            return default
        if not isinstance(value, bool | int | float):
            self.note(f"{where} was not a number; it is now {default}.")
            return default
        number = int(min(max(value, -_LIMIT), _LIMIT))
        if number != value or number < low:
            self.note(f"{where} was {value!r:.40}; it is now {max(number, low)}.")
        return max(number, low)

    def flag(self, value: Any, where: str, default: bool) -> bool:
        """True or false; 0, 1, "true" and "false" are accepted."""
        if value is None or value == "":
            return default
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return bool(value)
        if isinstance(value, str) and value.strip().casefold() in ("true", "false", "1", "0"):
            return value.strip().casefold() in ("true", "1")
        self.note(f"{where} was neither true nor false; it is now {str(default).lower()}.")
        return default
