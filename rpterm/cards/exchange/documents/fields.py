"""Reads the values of foreign tables as the types of our fields, and notes every change.

Almost nothing is rejected here: a value that cannot be converted becomes the default, and the
original value stays in the patch that is stored with the card.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rpterm.cards.exchange.errors import ExchangeError
from rpterm.cards.exchange.notes import ImportNotes
from rpterm.cards.format.reader import MAX_BYTES
from rpterm.cards.format.value_checks import CONTROL_CHARACTERS

_LIMIT = 10**9


class Fields:
    """The values of one foreign table by key, each in the type that our field has.

    Attributes:
        where: The table in the words of a note, such as "lorebook entry 3"; "" for the card itself.
    """

    def __init__(self, table: Mapping[str, Any], notes: ImportNotes, where: str = "") -> None:
        self.table, self.notes, self.where = table, notes, where

    def text(self, key: str) -> str:
        """Text with LF line ends and no control characters.

        Raises:
            ExchangeError: The text is longer than an entire card can be.
        """
        return self._plain(self.table.get(key), self._label(key))

    def line(self, key: str) -> str:
        """Text on one line."""
        return " ".join(self.text(key).split("\n")).strip()

    def texts(self, key: str, separator: str = "") -> tuple[str, ...]:
        """A list of texts; a single text becomes a list of its parts, an object that of its values.

        Args:
            separator: Separates the parts of a single text; by default it has only one.
        """
        value, where = self.table.get(key), self._label(key)
        if value is None:
            return ()
        if isinstance(value, str):
            self.notes.add(f"{where} was a single text; it was converted to a list.")
            texts = value.split(separator) if separator else [value]
            return tuple(self._plain(each, where).strip() for each in texts if each.strip())
        if isinstance(value, Mapping):
            self.notes.add(f"{where} was an object; it was converted to a list.")
            value = list(value.values())
        if not isinstance(value, list):
            self.notes.add(f"{where} was not a list; the original is kept for export only.")
            return ()
        return tuple(self._plain(each, where) for each in value)

    def integer(self, key: str, default: int, low: int = -_LIMIT) -> int:
        """A whole number from ``low`` to a billion; text that contains a number is converted."""
        value, where = self.table.get(key), self._label(key)
        if value is None or value == "":
            return default
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                self.notes.add(f"{where} was {value!r:.40}; it is now {default}.")
                return default
        if isinstance(value, float) and not math.isfinite(value):
            return default
        if not isinstance(value, bool | int | float):
            self.notes.add(f"{where} was not a number; it is now {default}.")
            return default
        number = int(min(max(value, -_LIMIT), _LIMIT))
        if number != value or number < low:
            self.notes.add(f"{where} was {value!r:.40}; it is now {max(number, low)}.")
        return max(number, low)

    def optional_integer(self, key: str) -> int | None:
        """A whole number from 0, or ``None`` if it is missing."""
        return None if self.table.get(key) in (None, "") else self.integer(key, 0, 0)

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false; 0, 1, "true" and "false" are accepted."""
        value = self.table.get(key)
        if value is None or value == "":
            return default
        if isinstance(value, bool | int | float):
            return bool(value)
        if isinstance(value, str) and value.strip().casefold() in ("true", "false", "1", "0"):
            return value.strip().casefold() in ("true", "1")
        state = str(default).lower()
        self.notes.add(f"{self._label(key)} was neither true nor false; it is now {state}.")
        return default

    def _label(self, key: str) -> str:
        return f"{self.where}: {key}" if self.where else key

    def _plain(self, value: Any, where: str) -> str:
        if value is None or value is False:
            return ""
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            self.notes.add(f"{where} was a list; it was converted to lines of text.")
            value = "\n".join(value)
        if not isinstance(value, str):
            if isinstance(value, bool | int | float):
                self.notes.add(f"{where} was {value!r:.40}; it was converted to text.")
                return str(value)
            self.notes.add(f"{where} was not text; the original is kept for export only.")
            return ""
        if len(value) > MAX_BYTES:
            raise ExchangeError(
                f"{where} has {len(value):,} characters; an entire card can have {MAX_BYTES:,}."
            )
        plain = value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value
        if CONTROL_CHARACTERS.search(plain):
            plain = CONTROL_CHARACTERS.sub("", plain)
            self.notes.add(f"{where} had control characters; they were removed.")
        return plain
