"""Combines the signals' readings into one probability, its interval, and one value per dimension.

The log-odds that a reply is in character are a sum over signals. A signal that measures how well a
reply fits adds ``weight * (value - center)``; the center lies between the mean values of right and
wrong replies. A signal without data (confidence 0) adds nothing, and a violation signal only
subtracts. Weights and centers were fitted on labelled replies and live in ``coefficients.json``;
its entry ``made`` records how.

The interval is a 90 % interval. It covers the uncertainty of the fitted weights (bootstrap over
personas and novels) and, while slow signals are still missing, the typical contribution of those
signals. It covers neither what no signal measures, nor the difference between a chat and the
labelled data. Pure arithmetic: no I/O.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rpterm.scoring.signal import Dimension, Reading

DIMENSIONS: tuple[Dimension, ...] = (
    "persona", "behaviour", "conversation", "boundaries", "attractiveness"
)  # fmt: skip
SEPARATE_DIMENSION: Dimension = "attractiveness"
"""The dimension that is no part of the probability: none of its signals was calibrated on labels.
Its value is the mean of its signals."""
_Z90 = 1.645
GROUP_FLOORS = {"fit": -2.0, "likely": -4.0, "topic": -2.0}
"""The lowest log-odds that the terms of a group may contribute together.

A right reply need not touch any fact or the last turn: one in nine of the worst-fitting replies is
right (ConvAI2, both halves); with the language model, fewer are."""
GROUP_CEILINGS = {"topic": 0.0}
"""The highest log-odds that the terms of a group may contribute together.

Being on topic never raises a score. A reply written for a conversation is on topic whoever wrote
it, most of all one that only picks up the last turn and knows nothing else (``bench rated``). A
reply that is off topic does lose by it."""


@dataclass(frozen=True, slots=True)
class Term:
    """The contribution of one signal to the log-odds: one feature of the logistic regression.

    Attributes:
        weight: Log-odds per unit of the signal's value; negative for a violation signal.
        center: The value that contributes nothing.
        standard_error: Of the weight, by bootstrap.
        contribution_sd: Standard deviation of the contribution over labelled replies.
        group: Terms of one group contribute at least ``GROUP_FLOORS[group]`` and at most
            ``GROUP_CEILINGS[group]`` together.
        bound: The largest contribution in either direction, because extreme values are no better
            known than moderate ones. A term with a negative weight never contributes more than 0.
    """

    weight: float
    center: float = 0.0
    standard_error: float = 0.0
    contribution_sd: float = 0.0
    bound: float = 6.0
    group: str = ""

    def contribution(self, reading: Reading) -> float:
        """The log-odds that a reading contributes, before the bounds of the group."""
        if reading.confidence <= 0:
            return 0.0
        highest = self.bound if self.weight > 0 else 0.0
        return max(-self.bound, min(highest, self.weight * (reading.value - self.center)))

    def severity(self, value: float) -> float:
        """How far a violation signal's value lies above its center, scaled to 0–1."""
        return min(1.0, max(0.0, (value - self.center) / (1 - self.center)))


def sigmoid(log_odds: float) -> float:
    """The logistic sigmoid: the probability that belongs to these log-odds."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


def log_odds(
    readings: Mapping[str, Reading], terms: Mapping[str, Term], *, bounds: bool = True
) -> float:
    """The log-odds of being in character from all readings; 0 is an even chance.

    Args:
        bounds: Apply the groups' floors and ceilings. Switch them off to rank replies: bounds
            create ties.
    """
    sums: dict[str, float] = {}
    for name, reading in readings.items():
        if name in terms:
            group = terms[name].group
            sums[group] = sums.get(group, 0.0) + terms[name].contribution(reading)
    return sum(_bounded(group, value) if bounds else value for group, value in sums.items())


def bounded_contribution(term: Term, reading: Reading) -> float:
    """The log-odds that one reading contributes on its own, within the bounds of its group."""
    return _bounded(term.group, term.contribution(reading))


def _bounded(group: str, value: float) -> float:
    return min(GROUP_CEILINGS.get(group, math.inf), max(GROUP_FLOORS.get(group, -math.inf), value))


def standard_deviation(
    readings: Mapping[str, Reading], terms: Mapping[str, Term], waiting: Iterable[Term]
) -> float:
    """The standard deviation of the log-odds.

    Args:
        waiting: Terms of signals that have not been measured yet for this reply.
    """
    variance = sum(
        (terms[name].standard_error * (reading.value - terms[name].center)) ** 2
        for name, reading in readings.items()
        if name in terms and reading.confidence > 0
    )
    return math.sqrt(variance + sum(term.contribution_sd**2 for term in waiting))


def confidence_interval(center: float, deviation: float) -> tuple[float, float]:
    """The 90 % interval of a probability, from the mean and standard deviation of its log-odds."""
    return sigmoid(center - _Z90 * deviation), sigmoid(center + _Z90 * deviation)


def dimension_values(
    readings: Mapping[str, Reading],
    terms: Mapping[str, Term],
    belongs: Mapping[str, Dimension],
) -> dict[Dimension, float | None]:
    """One value from 0 to 1 per dimension; ``None`` where no signal had data.

    The fit signals of a dimension give a probability, and each violation multiplies it by 1 minus
    its severity. A dimension with violation signals only, and no violation, is 1.
    ``SEPARATE_DIMENSION`` is a plain mean.

    Args:
        belongs: The dimension of each signal.
    """
    values: dict[Dimension, float | None] = {}
    for dimension in DIMENSIONS:
        known = {
            name: reading
            for name, reading in readings.items()
            if belongs.get(name) == dimension and reading.confidence > 0
        }
        if dimension == SEPARATE_DIMENSION:
            values[dimension] = _mean([reading.value for reading in known.values()])
        else:
            values[dimension] = _dimension_value(known, terms)
    return values


def _dimension_value(readings: Mapping[str, Reading], terms: Mapping[str, Term]) -> float | None:
    """Fit probability times what the violations leave of it."""
    violations = {
        name: each for name, each in readings.items() if name in terms and terms[name].weight < 0
    }
    fits = {name: each for name, each in readings.items() if name not in violations}
    fitted = any(name in terms for name in fits)
    if not violations and not fitted:
        return None
    unbroken = 1.0
    for name, reading in violations.items():
        unbroken *= 1 - terms[name].severity(reading.value)
    return unbroken * (sigmoid(log_odds(fits, terms, bounds=False)) if fitted else 1.0)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
