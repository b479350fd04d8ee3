"""Validates the live score against the ratings: AUC, rank correlation and calibration. Pure.

The AUC is the probability that a reply rated good scores above one rated bad; the rank correlation
is with the stars. Intervals come from a bootstrap that resamples chats, because the replies of a
chat are not independent. This module imports numpy, so import it only when its figures are needed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rpterm.preference.stats.agreement import Proportion
from rpterm.preference.stats.bootstrap import group_interval, resamples
from rpterm.preference.stats.correlation import Array, ranks, spearman

MIN_RATED = 8
"""Minimum number of rated replies for a figure."""
BINS = 5
ROUNDS = 400


@dataclass(frozen=True, slots=True)
class ScoredRating:
    """A rated reply that has a live score.

    Attributes:
        score: The live score, 0 to 1.
        good: The rating; ``None`` for neither good nor bad (three stars).
        stars: 1 to 5, or ``None`` if it was not rated with stars.
        known: Whether the score existed when the reply was rated, so that the rater may have seen
            it.
    """

    chat: int
    score: float
    good: bool | None = None
    stars: float | None = None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval; ``nan`` if it cannot be computed."""

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Replies with a score from ``low`` to ``high``: their mean score and share of good ones."""

    low: float
    high: float
    mean: float
    good: Proportion


@dataclass(frozen=True, slots=True)
class ScoreValidity:
    """How well the live scores agree with the ratings.

    Attributes:
        error: Expected calibration error: the mean gap between score and share of good replies.
        known: Number of ratings that were given when the score existed already.
    """

    auc: Figure
    spearman: Figure
    bins: tuple[Bin, ...]
    error: float
    count: int
    known: int


def validate_score(items: Sequence[ScoredRating]) -> ScoreValidity | None:
    """All figures; ``None`` for fewer than ``MIN_RATED`` rated replies with a score."""
    if len(items) < MIN_RATED:
        return None
    labelled = [each for each in items if each.good is not None]
    starred = [each for each in items if each.stars is not None]
    bins = calibration(labelled)
    gaps = sum(abs(each.mean - (each.good.value or 0.0)) * each.good.total for each in bins)
    return ScoreValidity(
        _figure(labelled, "good", auc, (0.0, 1.0)),
        _figure(starred, "stars", spearman, (-1.0, 1.0)),
        bins,
        gaps / len(labelled) if labelled else float("nan"),
        len(items),
        sum(each.known for each in items),
    )


def calibration(items: Sequence[ScoredRating]) -> tuple[Bin, ...]:
    """The non-empty ones of ``BINS`` bins of equal width."""
    members: dict[int, list[ScoredRating]] = defaultdict(list)
    for each in items:
        members[min(BINS - 1, int(each.score * BINS))].append(each)
    return tuple(
        Bin(
            at / BINS, (at + 1) / BINS, sum(each.score for each in some) / len(some),
            Proportion(sum(bool(each.good) for each in some), len(some)),
        )
        for at, some in sorted(members.items())
    )  # fmt: skip


def auc(scores: Array, good: Array) -> float:
    """Probability that a good reply scores above a bad one; equal scores count half."""
    positive = good > 0.5
    good_count, bad_count = int(positive.sum()), int((~positive).sum())
    if not good_count or not bad_count:
        return float("nan")
    rank_sum = float(ranks(scores)[positive].sum())
    return (rank_sum - good_count * (good_count + 1) / 2) / (good_count * bad_count)


def _figure(
    items: Sequence[ScoredRating],
    name: Literal["good", "stars"],
    statistic: Callable[[Array, Array], float],
    bounds: tuple[float, float],
) -> Figure:
    """A statistic of scores and ratings, with a bootstrap interval over chats."""
    nan = float("nan")
    if len(items) < MIN_RATED:
        return Figure(nan, nan, nan, len(items))
    scores = np.array([each.score for each in items], float)
    ratings = np.array([getattr(each, name) for each in items], float)
    chats: dict[int, list[int]] = defaultdict(list)
    for place, each in enumerate(items):
        chats[each.chat].append(place)
    samples = resamples(list(chats.values()), ROUNDS)
    values = [statistic(scores[places], ratings[places]) for places in samples]
    value = statistic(scores, ratings)
    if sum(map(math.isnan, values)) > ROUNDS / 2:
        return Figure(value, nan, nan, len(items))
    return Figure(value, *group_interval(value, values, len(chats), bounds=bounds), len(items))
