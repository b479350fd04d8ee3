"""What no longer holds, and how to say so. A fact is outdated while a newer one is shown.

An outdated fact is never recalled as if it held. A line that once stated it stays recallable, as
what was said then, and names what was said later. Asked about the past, the fact that holds names
what was before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from rpterm.store.distilled import Distilled
from rpterm.store.memory_rows import Memory

T = TypeVar("T")
_PAST = re.compile(
    r"\b(?:used to|before|earlier|former(?:ly)?|previous(?:ly)?|once|originally|at first|back then|"
    r"in the past|ago|did|was|were|had|lived|worked|last (?:week|month|year|time)|old|changed?|"
    r"until|ever)\b",
    re.IGNORECASE,
)


def about_the_past(draft: str) -> bool:
    """Whether a text asks or speaks of how things were."""
    return _PAST.search(draft) is not None


@dataclass(frozen=True, slots=True)
class Times:
    """Facts in time, for one recall.

    Attributes:
        shown: Which of some memories may be recalled on the branches shown.
        many: Memories by their ids.
    """

    distilled: Distilled
    shown: Callable[[Collection[int]], set[int]]
    many: Callable[[Collection[int]], dict[int, Memory]]

    def current(self, found: Sequence[tuple[Memory, T]]) -> list[tuple[Memory, T]]:
        """With each outdated fact replaced by the newest that holds instead, once."""
        details = self.distilled.details([row.id for row, _ in found if row.kind == "fact"])
        newer = {i: self._newest(detail.newer) for i, detail in details.items() if detail.newer}
        rows = self.many([i for i in newer.values() if i is not None])
        kept: dict[int, tuple[Memory, T]] = {}
        for row, hit in found:
            now = rows.get(newer.get(row.id) or 0, row)
            kept.setdefault(now.id, (now, hit))
        return list(kept.values())

    def notes(self, found: Sequence[Memory], past: bool) -> dict[int, str]:
        """What to add to the words of some memories."""
        details = self.distilled.details([row.id for row in found if row.kind == "fact"])
        notes: dict[int, str] = {}
        if past:
            for row in found:
                detail = details.get(row.id)
                if detail and (before := self._rows(detail.older)):
                    notes[row.id] = f" (earlier: {'; '.join(_dated(each) for each in before)})"
        return notes | self._said_later([row for row in found if row.kind == "turn"])

    def _said_later(self, lines: Sequence[Memory]) -> dict[int, str]:
        drawn = self.distilled.drawn_from([row.turn_id for row in lines if row.turn_id])
        details = self.distilled.details([i for ids in drawn.values() for i in ids])
        notes: dict[int, str] = {}
        for row in lines:
            newer = [n for i in drawn.get(row.turn_id or 0, ()) if i in details
                     for n in details[i].newer]  # fmt: skip
            now = self._newest(newer)
            if now is not None:
                notes[row.id] = f" (later: {_dated(self.many([now])[now])})"
        return notes

    def _newest(self, ids: Collection[int]) -> int | None:
        return max(self.shown(ids), default=None) if ids else None

    def _rows(self, ids: Collection[int]) -> list[Memory]:
        rows = self.many(self.shown(ids))
        return [rows[i] for i in sorted(rows)]


def _dated(row: Memory) -> str:
    when = datetime.fromtimestamp(row.created_at)
    return f"{row.text}, {when.day} {when:%B %Y}" if row.created_at else row.text
