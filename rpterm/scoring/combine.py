"""From readings to one probability, an interval and a share for each dimension. Pure arithmetic.

The log-odds that a reply is in character are a sum. A signal that measures how well a reply fits
adds ``weight * (value - middle)``, where ``middle`` lies between the means of right and wrong
replies: a signal that has nothing to go by adds nothing. A break takes away what it says. The
numbers were fitted on labelled replies and lie in ``coefficients.json``, whose ``made`` tells how.

The interval is 90 %: of the fit's own uncertainty (a bootstrap over personas and novels), and,
while signals are missing, of what they used to add. It does not cover what no signal measures, nor
that a chat may differ from the labelled data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rpterm.scoring.records import Dimension, Reading

DIMENSIONS: tuple[Dimension, ...] = (
    "persona", "behaviour", "conversation", "boundaries", "attractiveness"
)  # fmt: skip
APART: Dimension = "attractiveness"
"""The mean of its signals, none of which was calibrated against labels: no part of the rest."""
UNFITTED = frozenset(["garbled"])
"""Faults that cut their dimension and were given no weight in the probability."""
_Z90 = 1.645
FLOORS = {"fit": -2.0, "likely": -4.0, "topic": -2.0}
"""The least log-odds that the terms of a group may add together.

A right reply need not touch a fact or the last turn: one in nine of those that fit worst is right
(ConvAI2, both halves); with the language model fewer."""
CEILINGS = {"topic": 0.0}
"""The most that they may add.

Being to the point never raises a score. A reply that was made for a talk is about it whoever made
it, and most of all one that takes up the last turn and knows nothing else (``bench rated``). A
reply that is not to the point does lose by it."""


@dataclass(frozen=True, slots=True)
class Term:
    """What one signal adds to the log-odds.

    Attributes:
        weight: For each unit of the value.
        middle: The value that says nothing.
        spread: Standard deviation of the weight by bootstrap.
        adds: Standard deviation, over labelled replies, of what the term adds.
        group: Terms of one group together take away ``FLOORS[group]`` at most and add
            ``CEILINGS[group]``.
        most: What it adds at most, up or down; far values are no better known than near ones.
            What breaks, with a negative weight, adds nothing at all.
    """

    weight: float
    middle: float = 0.0
    spread: float = 0.0
    adds: float = 0.0
    most: float = 6.0
    group: str = ""

    def __call__(self, reading: Reading) -> float:
        raw = self.weight * (reading.value - self.middle)
        top = self.most if self.weight > 0 else 0.0
        return max(-self.most, min(top, raw)) if reading.confidence > 0 else 0.0

    def broken(self, value: float) -> float:
        """Of what breaks, how far the value lies above the middle: 0 to 1."""
        return min(1.0, max(0.0, (value - self.middle) / (1 - self.middle)))


def chance(log_odds: float) -> float:
    """The probability of these log-odds."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


def log_odds(
    readings: Mapping[str, Reading], terms: Mapping[str, Term], *, bounds: bool = True
) -> float:
    """What all readings say together; 0 is even.

    Args:
        bounds: Off where floors and ceilings would make replies level that are to be ranked.
    """
    sums: dict[str, float] = {}
    for name, reading in readings.items():
        if name in terms:
            group = terms[name].group
            sums[group] = sums.get(group, 0.0) + terms[name](reading)
    return sum(_bounded(group, value) if bounds else value for group, value in sums.items())


def adds(term: Term, reading: Reading) -> float:
    """What one reading adds by itself, within the bounds of its group."""
    return _bounded(term.group, term(reading))


def _bounded(group: str, value: float) -> float:
    return min(CEILINGS.get(group, math.inf), max(FLOORS.get(group, -math.inf), value))


def doubt(
    readings: Mapping[str, Reading], terms: Mapping[str, Term], waiting: Iterable[Term]
) -> float:
    """Standard deviation of the log-odds.

    Args:
        waiting: Terms of signals that can still speak about this reply.
    """
    known = sum(
        (terms[name].spread * (reading.value - terms[name].middle)) ** 2
        for name, reading in readings.items()
        if name in terms and reading.confidence > 0
    )
    return math.sqrt(known + sum(term.adds**2 for term in waiting))


def interval(middle: float, deviation: float) -> tuple[float, float]:
    """The 90 % interval of a probability, from its log-odds."""
    return chance(middle - _Z90 * deviation), chance(middle + _Z90 * deviation)


def by_dimension(
    readings: Mapping[str, Reading],
    terms: Mapping[str, Term],
    belongs: Mapping[str, Dimension],
) -> dict[Dimension, float | None]:
    """0 to 1 for each dimension; ``None`` where no signal of it had anything to go by.

    What fits gives a probability, which every fault cuts by its value. Where only faults can be
    seen, a reply without any has 1. What is ``APART`` is a plain mean.
    """
    found: dict[Dimension, float | None] = {}
    for dimension in DIMENSIONS:
        heard = {
            name: reading
            for name, reading in readings.items()
            if belongs.get(name) == dimension and reading.confidence > 0
        }
        if dimension == APART:
            found[dimension] = _mean([each.value for each in heard.values()])
            continue
        fits = {name: each for name, each in heard.items() if not _fault(name, terms)}
        whole = 1.0
        for name, each in heard.items():
            whole *= 1.0 if name in fits else 1 - terms.get(name, Term(-1.0)).broken(each.value)
        known = [name for name in fits if name in terms]
        fit = chance(log_odds(fits, terms, bounds=False)) if known else 1.0
        found[dimension] = whole * fit
        if not heard or (not known and len(fits) == len(heard)):
            found[dimension] = None
    return found


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _fault(name: str, terms: Mapping[str, Term]) -> bool:
    return name in UNFITTED or (name in terms and terms[name].weight < 0)
