"""Notes for the user about what an import changed or left out."""

from __future__ import annotations

from collections import Counter

from rpterm.cards.lore.patterns import PatternBudget
from rpterm.humanize import counted

_MAX_NOTES = 30


class Notes:
    """Notes without repetition; beyond a limit they are only counted."""

    def __init__(self) -> None:
        self._notes: list[str] = []
        self._more = 0

    def add(self, text: str) -> None:
        """Add a note."""
        if text in self._notes:
            return
        if len(self._notes) < _MAX_NOTES:
            self._notes.append(text)
        else:
            self._more += 1

    def all(self) -> tuple[str, ...]:
        """All notes, and the number of those that were only counted."""
        more = (f"There are {self._more:,} more notes like these.",) if self._more else ()
        return (*self._notes, *more)


class ImportNotes(Notes):
    """The notes on one card.

    Attributes:
        patterns: The remaining budget for compiling the card's regex patterns.
    """

    def __init__(self) -> None:
        super().__init__()
        self._tally: Counter[str] = Counter()
        self.patterns = PatternBudget()

    def count_entry(self, text: str) -> None:
        """Add a note on one lorebook entry; equal ones become one sentence with their number."""
        self._tally[text] += 1

    def all(self) -> tuple[str, ...]:
        """The notes, and those on lorebook entries."""
        entries = (
            f"{counted(count, 'lorebook entry', 'lorebook entries')} {text}"
            for text, count in self._tally.items()
        )
        return (*super().all(), *entries)
