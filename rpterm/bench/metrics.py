"""Proportions and means with 95 % intervals, win rates, and calibration error. Pure arithmetic."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from rpterm.preference.stats.bootstrap import percentile_interval, resamples
from rpterm.preference.stats.intervals import wilson

_BINS = 10
_DRAWS = 100
_MEAN_DRAWS = 400
_SEED = 9
_T = TypeVar("_T")
Judged = tuple[float, bool]
"""A stated probability, and whether the event happened."""


def proportion(outcomes: Iterable[bool]) -> dict[str, float]:
    """A proportion with its Wilson interval, which is valid near 0 and 1, too."""
    seen = [bool(outcome) for outcome in outcomes]
    low, high = wilson(sum(seen), len(seen))
    value = sum(seen) / len(seen) if seen else 0.0
    return {"value": round(value, 4), "low": round(low, 4), "high": round(high, 4)}


def calibration_error(chances: Sequence[float], outcomes: Sequence[bool]) -> float:
    """Expected calibration error (ECE) over ten bins of equal width."""
    error = 0.0
    for at in range(_BINS):
        inside = [
            (chance, outcome)
            for chance, outcome in zip(chances, outcomes, strict=True)
            if _bin_of(chance) == at
        ]
        if inside:
            gap = sum(chance for chance, _ in inside) - sum(outcome for _, outcome in inside)
            error += abs(gap)
    return error / max(1, len(chances))


def _bin_of(chance: float) -> int:
    return min(_BINS - 1, int(chance * _BINS))


def balanced_bins(judged: Iterable[Judged]) -> list[tuple[float, float, float]]:
    """The points of a reliability diagram: (mean probability, share right, weight) per bin.

    Right and wrong replies have equal total weight, because the probabilities assume an even prior.
    Empty bins are left out.
    """
    pairs = list(judged)
    right = sum(outcome for _, outcome in pairs)
    weight_of = {True: 0.5 / max(1, right), False: 0.5 / max(1, len(pairs) - right)}
    sums = [[0.0, 0.0, 0.0] for _ in range(_BINS)]
    for chance, outcome in pairs:
        weight, inside = weight_of[outcome], sums[_bin_of(chance)]
        inside[0] += weight * chance
        inside[1] += weight * outcome
        inside[2] += weight
    return [
        (round(mean / weight, 4), round(true / weight, 4), round(weight, 4))
        for mean, true, weight in sums
        if weight
    ]


def expected_calibration_error(bins: Iterable[tuple[float, float, float]]) -> float:
    """The expected calibration error (ECE) of ``balanced_bins``."""
    return sum(weight * abs(mean - true) for mean, true, weight in bins)


def calibration_figures(name: str, judged: Sequence[Sequence[Judged]]) -> dict[str, object]:
    """The ECE, its 95 % bootstrap interval, and the ECE expected of a perfect score.

    The ECE of a finite sample is above 0 even for perfect calibration. That ``_noise`` is estimated
    by drawing as many right and wrong replies as there are, according to their probabilities.

    Args:
        judged: One part per question or novel; the bootstrap resamples whole parts.
    """
    rng = random.Random(_SEED)
    every = [each for part in judged for each in part]
    draws = _DRAWS if every else 0
    interval = bootstrap_interval(
        judged, lambda sample: expected_calibration_error(balanced_bins(sample)), rng, draws
    )
    perfect = [
        expected_calibration_error(balanced_bins(_perfectly_calibrated(every, rng)))
        for _ in range(draws)
    ]
    return {
        name: round(expected_calibration_error(balanced_bins(every)), 4),
        f"{name}_interval": interval,
        f"{name}_noise": round(sum(perfect) / max(1, len(perfect)), 4),
    }


def _perfectly_calibrated(judged: Sequence[Judged], rng: random.Random) -> list[Judged]:
    """A sample of the same size whose outcomes follow the stated probabilities."""
    right = sum(outcome for _, outcome in judged)
    wrong = len(judged) - right
    weights = [0.5 / max(1, right if outcome else wrong) for _, outcome in judged]
    chances = [chance for chance, _ in judged]
    as_right = [weight * chance for weight, chance in zip(weights, chances, strict=True)]
    as_wrong = [weight * (1 - chance) for weight, chance in zip(weights, chances, strict=True)]
    return [
        *((chance, True) for chance in rng.choices(chances, as_right, k=right)),
        *((chance, False) for chance in rng.choices(chances, as_wrong, k=wrong)),
    ]


def bootstrap_interval(
    parts: Sequence[Sequence[_T]],
    statistic: Callable[[list[_T]], float],
    rng: random.Random,
    draws: int,
) -> list[float]:
    """The 95 % bootstrap interval of a statistic, resampling whole parts (a cluster bootstrap).

    Of nothing, all that is possible.
    """
    values = [statistic(sample) for sample in resamples(parts, draws, rng)] if parts else []
    return [round(bound, 4) for bound in percentile_interval(values)] if values else [0.0, 1.0]


def mean_figures(
    name: str, values: Sequence[float], groups: Sequence[str] | None = None
) -> dict[str, Any]:
    """A mean (0 without values) with its bootstrap interval, resampling groups if there are any."""
    by_group: dict[object, list[float]] = {}
    for group, value in zip(groups or range(len(values)), values, strict=True):
        by_group.setdefault(group, []).append(value)
    parts, rng = list(by_group.values()), random.Random(_SEED)
    interval = bootstrap_interval(parts, _mean, rng, _MEAN_DRAWS)
    return {name: round(_mean(values), 4), f"{name}_interval": interval}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def win_rate(value: float, others: Sequence[float]) -> float:
    """The win rate: the share of the others that are lower; ties count half."""
    return sum(0.5 if value == other else float(value > other) for other in others) / len(others)
