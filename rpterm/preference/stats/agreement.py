"""How far a rater's verdicts can be trusted: agreement with oneself, and a liking for one side.

A comparison that was asked again stands with its sides swapped; whoever looks at the replies gives
the same winner twice, whoever looks at the side does not. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rpterm.preference.stats.intervals import wilson
from rpterm.store.judgement_records import Comparison


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with Wilson's 95 % interval."""

    hits: int
    total: int

    @property
    def value(self) -> float | None:
        """The share; ``None`` where nothing was counted."""
        return self.hits / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval; (0, 1) where nothing was counted."""
        return wilson(self.hits, self.total)

    @property
    def one_sided(self) -> bool:
        """Whether the interval leaves a half out."""
        low, high = self.interval
        return bool(self.total) and not low <= 0.5 <= high

    def row(self) -> dict[str, float | int | None]:
        """For JSON."""
        low, high = self.interval
        value = None if self.value is None else round(self.value, 4)
        return {
            "hits": self.hits, "total": self.total, "value": value,
            "low": round(low, 4), "high": round(high, 4),
        }  # fmt: skip


def winner(verdict: Comparison) -> int | str:
    """The turn that won, or ``tie`` or ``both_bad``."""
    if verdict.verdict == "left":
        return verdict.left_id
    return verdict.right_id if verdict.verdict == "right" else verdict.verdict


def self_agreement(comparisons: Iterable[Comparison]) -> Share:
    """How often a rater said the same when asked again."""
    known = {each.id: each for each in comparisons}
    again = [
        (known[each.asked_again], each)
        for each in known.values()
        if each.asked_again is not None and each.asked_again in known
    ]
    same = sum(winner(first) == winner(second) for first, second in again)
    return Share(same, len(again))


def left_wins(comparisons: Iterable[Comparison]) -> Share:
    """How often the left reply of a duel won, of those that either side won."""
    sides = [
        each.verdict
        for each in comparisons
        if each.kind == "duel" and each.verdict in ("left", "right")
    ]
    return Share(sides.count("left"), len(sides))
