"""How sure a share is, and when a running comparison may be called decided. Pure.

An interval of Wilson that is looked at after every vote raises false alarms to a third; the e-value
may be looked at as often as one likes.
"""

from __future__ import annotations

from math import inf, lgamma, log, sqrt

Z95 = 1.959963984540054
DECIDED = log(20.0)
"""An e-value of 20: under no difference it is ever reached in at most one of twenty runs."""


def wilson(wins: int, total: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; (0, 1) where nothing was counted."""
    if not total:
        return 0.0, 1.0
    share, square = wins / total, z * z / total
    middle = (share + square / 2) / (1 + square)
    half = z * sqrt(share * (1 - share) / total + square / (4 * total)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def log_e_value(wins: int, total: int) -> float:
    """Logarithm of the evidence against "both win equally often", by a uniform mixture."""
    if not 0 <= wins <= total:
        return -inf
    return lgamma(wins + 1) + lgamma(total - wins + 1) - lgamma(total + 2) + total * log(2.0)
