"""Measures how reliable a rater's verdicts are: self-agreement and position bias.

A repeated comparison has its sides swapped: a rater who judges the replies picks the same winner
twice, one who judges by position does not. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rpterm.preference.stats.intervals import wilson
from rpterm.store.judgement_records import Comparison


@dataclass(frozen=True, slots=True)
class Proportion:
    """A proportion, ``hits`` out of ``total``, with Wilson's 95 % interval."""

    hits: int
    total: int

    def __add__(self, other: Proportion) -> Proportion:
        return Proportion(self.hits + other.hits, self.total + other.total)

    @property
    def value(self) -> float | None:
        """The proportion; ``None`` if ``total`` is 0."""
        return self.hits / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval; (0, 1) if ``total`` is 0."""
        return wilson(self.hits, self.total)

    @property
    def one_sided(self) -> bool:
        """Whether the interval excludes one half."""
        low, high = self.interval
        return bool(self.total) and not low <= 0.5 <= high

    @property
    def percent(self) -> str:
        """``80 % (49–94 %)``; "" if ``total`` is 0."""
        if self.value is None:
            return ""
        low, high = self.interval
        return f"{self.value:.0%} ({low:.0%}–{high:.0%})"

    @property
    def text(self) -> str:
        """``8 of 10 (49–94 %)``."""
        if not self.total:
            return "nothing yet"
        low, high = self.interval
        return f"{self.hits} of {self.total} ({100 * low:.0f}–{100 * high:.0f} %)"

    def row(self) -> dict[str, float | int | None]:
        """The figures as JSON values."""
        low, high = self.interval
        value = None if self.value is None else round(self.value, 4)
        return {
            "hits": self.hits, "total": self.total, "value": value,
            "low": round(low, 4), "high": round(high, 4),
        }  # fmt: skip


NOTHING = Proportion(0, 0)
"""What counting begins with."""


def self_agreement(comparisons: Iterable[Comparison]) -> Proportion:
    """How often a repeated comparison had the same result."""
    by_id = {each.id: each for each in comparisons}
    repeated = [
        (by_id[each.asked_again], each)
        for each in by_id.values()
        if each.asked_again is not None and each.asked_again in by_id
    ]
    same = sum(first.winner == second.winner for first, second in repeated)
    return Proportion(same, len(repeated))


def left_wins(comparisons: Iterable[Comparison]) -> Proportion:
    """How often the left reply won among the duels won by either side."""
    sides = [
        each.verdict
        for each in comparisons
        if each.kind == "duel" and each.verdict in ("left", "right")
    ]
    return Proportion(sides.count("left"), len(sides))
