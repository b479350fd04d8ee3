"""Shares with their 95 % intervals, and calibration error. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

_Z = 1.96


def share(outcomes: Iterable[bool]) -> dict[str, float]:
    """How many were true: the share and Wilson's interval, which holds near 0 and 1 too."""
    seen = [bool(outcome) for outcome in outcomes]
    total = len(seen)
    if not total:
        return {"value": 0.0, "low": 0.0, "high": 1.0}
    value = sum(seen) / total
    base = 1 + _Z * _Z / total
    middle = (value + _Z * _Z / (2 * total)) / base
    half = _Z * math.sqrt(value * (1 - value) / total + _Z * _Z / (4 * total * total)) / base
    return {"value": round(value, 4), "low": round(middle - half, 4),
            "high": round(middle + half, 4)}  # fmt: skip


def calibration_error(chances: Sequence[float], outcomes: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error: mean distance of chance and share over bins of equal width."""
    error = 0.0
    for at in range(bins):
        inside = [
            (chance, outcome)
            for chance, outcome in zip(chances, outcomes, strict=True)
            if min(bins - 1, int(chance * bins)) == at
        ]
        if inside:
            gap = sum(chance for chance, _ in inside) - sum(outcome for _, outcome in inside)
            error += abs(gap)
    return error / max(1, len(chances))
