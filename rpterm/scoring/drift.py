"""Detects a character that is slipping: a one-sided CUSUM over the scores of its replies. Pure.

One bad reply is a violation; drift is a run of replies that are each somewhat worse than usual.
The loss of each reply (1 minus its probability of being in character) is standardised by the mean
and standard deviation of earlier replies, shrunk towards a prior because chats are short, and
clipped, so that no single reply raises the alarm::

    z = min(CLIP, (loss - mean) / sd)        S = max(0, S + z - SLACK)        alarm: S > LIMIT

CUSUM: Page (1954); the self-starting form follows Hawkins (1987). Only replies at least ``LAG``
old enter the reference, so the drop that is being detected does not at once become the norm. A
model that is bad from the start raises the alarm too, until its level has become the reference.

Simulated with chats of at most 600 replies: one false alarm per 460–600 replies for independent
scores of five distributions, one per 180 for autocorrelated scores (AR coefficient 0.4). A drop of
0.45 raises the alarm after 5 replies, one of 0.3 after about 9. tests/scoring repeats the
simulation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

SLACK = 0.5
"""Half of the smallest drop worth detecting, in standard deviations."""
LIMIT = 6.0
CLIP = 2.5
"""The largest contribution of one reply: reaching ``LIMIT`` takes at least four replies."""
PRIOR_MEAN, PRIOR_SD, PRIOR_WEIGHT = 0.4, 0.25, 4.0
LAG = 5
LEAST_SD = 0.08
"""The smallest standard deviation assumed: scores vary by this much for no reason that matters."""
BROKEN_BELOW = 0.2
"""A reply below this probability broke character on its own, if its interval ends below 0.5."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The state of a chat.

    Attributes:
        level: Progress towards an alarm, 0 to 1.
        alarm: Whether the alarm is raised.
    """

    level: float = 0.0
    alarm: bool = False


class DriftDetector:
    """The CUSUM of one chat, updated reply by reply."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque()
        self._count = 0
        self._loss_sum = self._loss_squares = 0.0
        self._cusum = 0.0

    def add(self, probability: float) -> Drift:
        """Update with the next reply's probability of being in character."""
        loss = 1.0 - probability
        mean, deviation = self._reference()
        step = min(CLIP, (loss - mean) / deviation) - SLACK
        self._cusum = min(LIMIT + CLIP, max(0.0, self._cusum + step))
        self._learn(loss)
        return Drift(min(1.0, self._cusum / LIMIT), self._cusum > LIMIT)

    def _learn(self, loss: float) -> None:
        self._recent.append(loss)
        if len(self._recent) > LAG:
            old = self._recent.popleft()
            self._count, self._loss_sum = self._count + 1, self._loss_sum + old
            self._loss_squares += old * old

    def _reference(self) -> tuple[float, float]:
        """Mean and standard deviation of the losses older than ``LAG``, shrunk to the prior."""
        weight = PRIOR_WEIGHT + self._count
        mean = (PRIOR_WEIGHT * PRIOR_MEAN + self._loss_sum) / weight
        squares = self._loss_squares - 2 * mean * self._loss_sum + self._count * mean * mean
        deviation = ((PRIOR_WEIGHT * PRIOR_SD**2 + max(0.0, squares)) / weight) ** 0.5
        return mean, max(LEAST_SD, deviation)


def drift(probabilities: Iterable[float]) -> Drift:
    """The state after these replies, oldest first. Better replies end an alarm."""
    follower, state = DriftDetector(), Drift()
    for probability in probabilities:
        state = follower.add(probability)
    return state


def broke_character(probability: float, high: float) -> bool:
    """Whether a single reply broke character; ``high`` is the upper end of its interval."""
    return probability < BROKEN_BELOW and high < 0.5
