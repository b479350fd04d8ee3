"""Correlation coefficients of two series of numbers. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def pearson(one: Array, other: Array) -> float:
    """Pearson's linear correlation; ``nan`` if one of the series is constant."""
    x, y = one - one.mean(), other - other.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm else float("nan")


def spearman(one: Array, other: Array) -> float:
    """Spearman's rank correlation; ``nan`` if one of the series is constant."""
    return pearson(ranks(one), ranks(other))


def ranks(values: Array) -> Array:
    """Ranks from 1; equal values share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_ranks: Array = np.cumsum(counts) - (counts - 1) / 2.0
    return mean_ranks[inverse]
