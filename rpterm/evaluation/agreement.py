"""How far two series of numbers agree: correlations with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rpterm.preference.stats.bootstrap import percentile_interval
from rpterm.preference.stats.correlation import pearson, spearman

ROUNDS = 1000
LEAST = 8
"""Fewest pairs for which a correlation is computed."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Correlations of ``count`` pairs, each with a 95 % percentile bootstrap interval.

    They are ``nan`` if one of the series is constant.
    """

    count: int
    spearman: float
    spearman_low: float
    spearman_high: float
    pearson: float
    pearson_low: float
    pearson_high: float


def agreement(left: Sequence[float], right: Sequence[float]) -> Agreement | None:
    """Spearman's rank correlation (ties share their mean rank) and Pearson's.

    Returns:
        ``None`` for fewer than ``LEAST`` pairs.
    """
    if len(left) < LEAST:
        return None
    x, y = np.asarray(left, float), np.asarray(right, float)
    resamples = np.random.default_rng(0).integers(0, len(x), (ROUNDS, len(x)))
    return Agreement(
        len(x),
        spearman(x, y), *percentile_interval([spearman(x[at], y[at]) for at in resamples]),
        pearson(x, y), *percentile_interval([pearson(x[at], y[at]) for at in resamples]),
    )  # fmt: skip
