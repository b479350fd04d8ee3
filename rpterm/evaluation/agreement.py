"""How far two series of numbers say the same, with an interval. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rpterm.preference.stats.correlation import pearson, spearman

ROUNDS = 1000
LEAST = 8
"""Pairs without which a correlation says nothing."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Correlations of ``count`` pairs, each with a 95 % percentile bootstrap interval.

    ``nan`` where one of the series never changes.
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
    draws = np.random.default_rng(0).integers(0, len(x), (ROUNDS, len(x)))
    return Agreement(
        len(x),
        spearman(x, y), *_interval([spearman(x[at], y[at]) for at in draws]),
        pearson(x, y), *_interval([pearson(x[at], y[at]) for at in draws]),
    )  # fmt: skip


def _interval(values: Sequence[float]) -> tuple[float, float]:
    known = [value for value in values if value == value]
    if not known:
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
