"""Correlations of two series of numbers. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def pearson(one: Array, other: Array) -> float:
    """Linear correlation; ``nan`` where one of them never changes."""
    x, y = one - one.mean(), other - other.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size else float("nan")


def spearman(one: Array, other: Array) -> float:
    """Correlation of ranks; ``nan`` where one of them never changes."""
    return pearson(ranks(one), ranks(other))


def ranks(values: Array) -> Array:
    """Places from 1, equal values sharing their mean place."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean: Array = np.cumsum(counts) - (counts - 1) / 2.0
    return mean[places]
