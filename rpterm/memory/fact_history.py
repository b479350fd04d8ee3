"""Facts that no longer hold, and notes that say so. A fact is outdated while a newer one is shown.

An outdated fact is never recalled as if it held. A turn that once stated it stays recallable as
what was said then, with a note of what was said later. When the user asks about the past, the
current fact gets a note of what held before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rpterm.memory.search.dates import days_ago
from rpterm.store.memory.distilled import Distilled
from rpterm.store.memory.records import Memory

T = TypeVar("T")
_PAST = re.compile(
    r"\b(?:used to|before|earlier|former(?:ly)?|previous(?:ly)?|once|originally|at first|back then|"
    r"in the past|ago|did|was|were|had|lived|worked|last (?:week|month|year|time)|old|changed?|"
    r"until|ever)\b",
    re.IGNORECASE,
)


def about_the_past(draft: str) -> bool:
    """Whether a text asks or talks about how things used to be."""
    return _PAST.search(draft) is not None


@dataclass(frozen=True, slots=True)
class FactHistory:
    """The history of facts, for one recall.

    Attributes:
        shown: Given memory ids, those that may be recalled on the branches shown.
        get_many: Memories by their ids.
        now: When they are recalled, Unix seconds.
    """

    distilled: Distilled
    shown: Callable[[Collection[int]], set[int]]
    get_many: Callable[[Collection[int]], dict[int, Memory]]
    now: float

    def current(self, found: Sequence[tuple[Memory, T]]) -> list[tuple[Memory, T]]:
        """Replace outdated facts by the newest ones that supersede them, each listed once."""
        details = self.distilled.details([row.id for row, _ in found if row.kind == "fact"])
        newer = {i: self._newest(detail.newer) for i, detail in details.items() if detail.newer}
        rows = self.get_many([i for i in newer.values() if i is not None])
        kept: dict[int, tuple[Memory, T]] = {}
        for row, hit in found:
            current = rows.get(newer.get(row.id) or 0, row)
            kept.setdefault(current.id, (current, hit))
        return list(kept.values())

    def notes(self, found: Sequence[Memory], about_past: bool) -> dict[int, str]:
        """The note to append to the text of each memory that needs one, by memory id."""
        details = self.distilled.details([row.id for row in found if row.kind == "fact"])
        notes: dict[int, str] = {}
        if about_past:
            for row in found:
                detail = details.get(row.id)
                if detail and (older := self._rows(detail.older)):
                    notes[row.id] = f" (earlier: {'; '.join(map(self._with_time, older))})"
        return notes | self._later_notes([row for row in found if row.kind == "turn"])

    def _later_notes(self, lines: Sequence[Memory]) -> dict[int, str]:
        drawn = self.distilled.facts_from_turns([row.turn_id for row in lines if row.turn_id])
        details = self.distilled.details([i for ids in drawn.values() for i in ids])
        notes: dict[int, str] = {}
        for row in lines:
            newer = [n for i in drawn.get(row.turn_id or 0, ()) if i in details
                     for n in details[i].newer]  # fmt: skip
            newest = self._newest(newer)
            if newest is not None:
                notes[row.id] = f" (later: {self._with_time(self.get_many([newest])[newest])})"
        return notes

    def _newest(self, ids: Collection[int]) -> int | None:
        return max(self.shown(ids), default=None) if ids else None

    def _rows(self, ids: Collection[int]) -> list[Memory]:
        rows = self.get_many(self.shown(ids))
        return [rows[i] for i in sorted(rows)]

    def _with_time(self, row: Memory) -> str:
        return ", ".join(filter(None, (row.text, days_ago(row.created_at, self.now))))
