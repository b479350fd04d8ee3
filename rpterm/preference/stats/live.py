"""How far the live score and the ratings say the same: what keeps the score honest. Pure.

Chance that a reply rated good scores above one rated bad (AUC), rank correlation with the stars,
and calibration. Intervals come from a bootstrap that draws whole chats, because replies of one chat
hang together. numpy is imported here, so only who asks for figures imports this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rpterm.preference.stats.agreement import Share
from rpterm.preference.stats.correlation import Array, ranks, spearman

LEAST = 8
"""Fewer rated replies than that say nothing."""
BINS = 5
ROUNDS = 400


@dataclass(frozen=True, slots=True)
class Judged:
    """One rated reply that has a score.

    Attributes:
        score: The live score, 0 to 1.
        good: What the rater said; ``None`` is in between (three stars).
        stars: 1 to 5 where stars were given.
        known: Whether the score was there already when it was rated, so that the rater may have
            seen it.
    """

    chat: int
    score: float
    good: bool | None = None
    stars: float | None = None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its 95 % interval; ``nan`` where nothing can be said."""

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Replies whose score is between ``low`` and ``high``, their mean score, and the good ones."""

    low: float
    high: float
    mean: float
    good: Share


@dataclass(frozen=True, slots=True)
class Honesty:
    """Score against rating.

    Attributes:
        error: Mean distance between score and share of good ones over the bins.
        known: At how many ratings the score was there already.
    """

    auc: Figure
    spearman: Figure
    bins: tuple[Bin, ...]
    error: float
    count: int
    known: int


def honesty(items: Sequence[Judged]) -> Honesty | None:
    """The figures; ``None`` for fewer than ``LEAST`` rated replies with a score."""
    if len(items) < LEAST:
        return None
    clear = [each for each in items if each.good is not None]
    starred = [each for each in items if each.stars is not None]
    bins = calibration(clear)
    gaps = sum(abs(each.mean - (each.good.value or 0.0)) * each.good.total for each in bins)
    return Honesty(
        _figure(clear, lambda some: auc(*_columns(some, "good"))),
        _figure(starred, lambda some: spearman(*_columns(some, "stars"))),
        bins,
        gaps / len(clear) if clear else float("nan"),
        len(items),
        sum(each.known for each in items),
    )


def calibration(items: Sequence[Judged]) -> tuple[Bin, ...]:
    """Bins of equal width that have replies in them."""
    inside: dict[int, list[Judged]] = defaultdict(list)
    for each in items:
        inside[min(BINS - 1, int(each.score * BINS))].append(each)
    return tuple(
        Bin(
            at / BINS, (at + 1) / BINS, sum(each.score for each in some) / len(some),
            Share(sum(bool(each.good) for each in some), len(some)),
        )
        for at, some in sorted(inside.items())
    )  # fmt: skip


def auc(scores: Array, good: Array) -> float:
    """Chance that a good one scores above a bad one; equal scores count half."""
    positive = good > 0.5
    many, few = int(positive.sum()), int((~positive).sum())
    if not many or not few:
        return float("nan")
    total = float(ranks(scores)[positive].sum())
    return (total - many * (many + 1) / 2) / (many * few)


def _columns(items: Sequence[Judged], name: str) -> tuple[Array, Array]:
    scores = np.array([each.score for each in items], float)
    return scores, np.array([getattr(each, name) for each in items], float)


def _figure(items: Sequence[Judged], of: Callable[[Sequence[Judged]], float]) -> Figure:
    nan = float("nan")
    if len(items) < LEAST:
        return Figure(nan, nan, nan, len(items))
    chats: dict[int, list[Judged]] = defaultdict(list)
    for each in items:
        chats[each.chat].append(each)
    groups = list(chats.values())
    draw = np.random.default_rng(0)
    found = []
    for _ in range(ROUNDS):
        picked = draw.integers(0, len(groups), len(groups))
        value = of([each for at in picked for each in groups[at]])
        if value == value:
            found.append(value)
    # One chat drawn again and again has no spread: no interval, rather than one of no width.
    if len(groups) < 3 or len(found) < ROUNDS / 2:
        return Figure(of(items), nan, nan, len(items))
    low, high = np.percentile(found, [2.5, 97.5])
    return Figure(of(items), float(low), float(high), len(items))
