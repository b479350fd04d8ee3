"""Shares with their 95 % intervals, and calibration error. Pure arithmetic."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from rpterm.preference.stats.intervals import wilson

_Z = 1.96
_BINS = 10
_TIMES = 100
_T = TypeVar("_T")


def share(outcomes: Iterable[bool]) -> dict[str, float]:
    """How many were true: the share and Wilson's interval, which holds near 0 and 1 too."""
    seen = [bool(outcome) for outcome in outcomes]
    low, high = wilson(sum(seen), len(seen), _Z)
    value = sum(seen) / len(seen) if seen else 0.0
    return {"value": round(value, 4), "low": round(low, 4), "high": round(high, 4)}


def calibration_error(chances: Sequence[float], outcomes: Sequence[bool]) -> float:
    """Expected calibration error: mean distance of chance and share over bins of equal width."""
    error = 0.0
    for at in range(_BINS):
        inside = [
            (chance, outcome)
            for chance, outcome in zip(chances, outcomes, strict=True)
            if min(_BINS - 1, int(chance * _BINS)) == at
        ]
        if inside:
            gap = sum(chance for chance, _ in inside) - sum(outcome for _, outcome in inside)
            error += abs(gap)
    return error / max(1, len(chances))


def balanced_bins(heard: Iterable[tuple[float, bool]]) -> list[tuple[float, float, float]]:
    """For each bin of equal width that holds anything: mean chance, share of right, weight.

    Right and wrong ones weigh the same in sum, because that is what the chances mean.
    """
    pairs = list(heard)
    right = sum(outcome for _, outcome in pairs)
    weigh = {True: 0.5 / max(1, right), False: 0.5 / max(1, len(pairs) - right)}
    sums = [[0.0, 0.0, 0.0] for _ in range(_BINS)]
    for value, outcome in pairs:
        weight, inside = weigh[outcome], sums[min(_BINS - 1, int(value * _BINS))]
        inside[0] += weight * value
        inside[1] += weight * outcome
        inside[2] += weight
    return [
        (round(mean / weight, 4), round(true / weight, 4), round(weight, 4))
        for mean, true, weight in sums
        if weight
    ]


def error_of(bins: Iterable[tuple[float, float, float]]) -> float:
    """Expected calibration error of ``balanced_bins``."""
    return sum(weight * abs(mean - true) for mean, true, weight in bins)


def error_figures(name: str, judged: Sequence[Sequence[tuple[float, bool]]]) -> dict[str, object]:
    """The calibration error, its 95 % bootstrap interval, and what a perfect score would have.

    Args:
        judged: What was said and whether it was so; one part for each question or novel, which
            are drawn whole.

    For the noise as many right and wrong ones are drawn as there are, by what is said of them.
    """
    rng = random.Random(9)
    every = [each for part in judged for each in part]
    interval = redrawn(
        judged, lambda some: error_of(balanced_bins(some)), rng, _TIMES if every else 0
    )
    perfect = [error_of(balanced_bins(_as_said(every, rng))) for _ in range(_TIMES if every else 0)]
    return {
        name: round(error_of(balanced_bins(every)), 4),
        f"{name}_interval": interval,
        f"{name}_noise": round(sum(perfect) / max(1, len(perfect)), 4),
    }


def _as_said(judged: Sequence[tuple[float, bool]], rng: random.Random) -> list[tuple[float, bool]]:
    right = sum(outcome for _, outcome in judged)
    wrong = len(judged) - right
    shares = [0.5 / max(1, right if outcome else wrong) for _, outcome in judged]
    chances = [value for value, _ in judged]
    own = [share * value for share, value in zip(shares, chances, strict=True)]
    other = [share * (1 - value) for share, value in zip(shares, chances, strict=True)]
    return [
        *((value, True) for value in rng.choices(chances, own, k=right)),
        *((value, False) for value in rng.choices(chances, other, k=wrong)),
    ]


def redrawn(
    parts: Sequence[Sequence[_T]],
    value: Callable[[list[_T]], float],
    rng: random.Random,
    times: int,
) -> list[float]:
    """The 95 % bootstrap interval of a value of many things, drawing whole parts of them."""
    return _middle(
        [
            value([each for part in rng.choices(parts, k=len(parts)) for each in part])
            for _ in range(times)
        ]
    )


def _middle(values: list[float]) -> list[float]:
    """Between the 2.5th and the 97.5th percentile."""
    ordered = sorted(values)
    if not ordered:
        return [0.0, 1.0]
    cut = len(ordered) // 40
    return [round(ordered[cut], 4), round(ordered[-1 - cut], 4)]


def spread(values: Sequence[float], groups: Sequence[str] | None = None) -> list[float]:
    """The 95 % bootstrap interval of a mean, drawing whole groups where there are any."""
    if not values:
        return [0.0, 1.0]
    rng = random.Random(9)
    names = list(groups) if groups is not None else [str(at) for at in range(len(values))]
    by_name: dict[str, list[float]] = {}
    for name, value in zip(names, values, strict=True):
        by_name.setdefault(name, []).append(value)
    pools = [(sum(pool), len(pool)) for pool in by_name.values()]
    means = []
    for _ in range(400):
        drawn = rng.choices(pools, k=len(pools))
        means.append(sum(total for total, _ in drawn) / sum(count for _, count in drawn))
    return _middle(means)


def mean_figures(
    name: str, values: Sequence[float], groups: Sequence[str] | None = None
) -> dict[str, Any]:
    """A mean, 0 of nothing, and its interval by ``spread``."""
    mean = sum(values) / len(values) if values else 0.0
    return {name: round(mean, 4), f"{name}_interval": spread(values, groups)}


def above(one: float, others: Sequence[float]) -> float:
    """Over what share of the others it is; those that are level count half."""
    return sum(0.5 if one == other else float(one > other) for other in others) / len(others)
