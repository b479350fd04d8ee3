"""Confidence intervals of proportions, and a sequential test for running comparisons. Pure.

Checking a Wilson interval after every vote raises the false alarm rate to one third; an e-value may
be checked as often as you like.
"""

from __future__ import annotations

from math import inf, lgamma, log, sqrt

_Z95 = 1.959963984540054
DECIDED = log(20.0)
"""Log of an e-value of 20. If there is no difference, at most one in twenty runs reaches it."""


def wilson(wins: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion; (0, 1) if ``total`` is 0."""
    if not total:
        return 0.0, 1.0
    share, square = wins / total, _Z95 * _Z95 / total
    center = (share + square / 2) / (1 + square)
    half_width = _Z95 * sqrt(share * (1 - share) / total + square / (4 * total)) / (1 + square)
    return max(0.0, center - half_width), min(1.0, center + half_width)


def log_e_value(wins: int, total: int) -> float:
    """Log e-value against "both win equally often", for a uniform mixture of alternatives."""
    if not 0 <= wins <= total:
        return -inf
    return lgamma(wins + 1) + lgamma(total - wins + 1) - lgamma(total + 2) + total * log(2.0)
