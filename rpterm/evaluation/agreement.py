"""How far two series of numbers agree: correlations with bootstrap intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np

from rpterm.preference.stats.bootstrap import group_interval, resamples
from rpterm.preference.stats.correlation import Array, pearson, spearman

ROUNDS = 400
LEAST = 8
"""Fewest pairs for which a correlation is computed."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Correlations of ``count`` pairs, each with a 95 % bootstrap interval over groups of pairs.

    They are ``nan`` if one of the series is constant; the intervals also for fewer than three
    groups.
    """

    count: int
    spearman: float
    spearman_low: float
    spearman_high: float
    pearson: float
    pearson_low: float
    pearson_high: float

    @property
    def interval(self) -> str:
        """The interval of Spearman's correlation: ``+0.12 to +0.58``, or ``–``."""
        if isnan(self.spearman_low):
            return "–"
        return f"{self.spearman_low:+.2f} to {self.spearman_high:+.2f}"


def agreement(
    left: Sequence[float], right: Sequence[float], groups: Sequence[Hashable]
) -> Agreement | None:
    """Spearman's rank correlation (ties share their mean rank) and Pearson's.

    Args:
        left, right: The two series.
        groups: What each pair belongs to; pairs of one group are not independent.

    Returns:
        ``None`` for fewer than ``LEAST`` pairs.
    """
    if len(left) < LEAST:
        return None
    x, y = np.asarray(left, float), np.asarray(right, float)
    members: dict[Hashable, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)
    samples = list(resamples(list(members.values()), ROUNDS))

    def figures(statistic: Callable[[Array, Array], float]) -> tuple[float, float, float]:
        value = statistic(x, y)
        if isnan(value):
            return nan, nan, nan
        drawn = [statistic(x[at], y[at]) for at in samples]
        return value, *group_interval(value, drawn, len(members), bounds=(-1.0, 1.0))

    return Agreement(len(x), *figures(spearman), *figures(pearson))
