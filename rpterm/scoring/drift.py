"""Whether a character is slipping: a one-sided CUSUM over the scores of its last replies. Pure.

A single bad reply is a broken reply; drift is many somewhat worse ones. Each reply's loss (1 minus
its probability of being in character) is held against the mean and spread of the replies before
it, shrunk to a prior because a chat is short, and clipped, so that no single reply raises the alarm
alone::

    z = min(CLIP, (loss - mean) / spread)        S = max(0, S + z - SLACK)        alarm: S > LIMIT

(Page 1954; the self-starting form follows Hawkins 1987.) What counts as usual is learned from
replies at least ``LAG`` old: the drop that is being looked for does not teach its own excuse at
once. A model that was never better is no drift: what it does becomes the custom.

Measured by simulation (chats of at most 600 replies): one false alarm in 460 to 600 replies for
independent scores of five shapes, in 180 where scores hang together (AR 0.4); a drop of 0.45 is
told after 5 replies, one of 0.3 after about 9. tests/scoring repeats it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

SLACK = 0.5
"""Half of the drop worth finding, in spreads."""
LIMIT = 6.0
CLIP = 2.5
"""The most that one reply counts; ``LIMIT`` takes at least four."""
PRIOR_MEAN, PRIOR_SPREAD, PRIOR_WEIGHT = 0.4, 0.25, 4.0
LAG = 5
LEAST_SPREAD = 0.08
"""Scores differ by so much for no reason that matters."""
BROKEN = 0.2
"""A reply less probable than this broke character by itself, if its interval stays below a half."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Where a chat stands.

    Attributes:
        level: 0 to 1 of the way to an alarm.
        alarm: Whether it is reached.
    """

    level: float = 0.0
    alarm: bool = False


class Follower:
    """Follows one chat, reply by reply."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque()
        self._count = 0
        self._sum = self._squares = 0.0
        self._total = 0.0

    def add(self, probability: float) -> Drift:
        """Take the next reply's probability."""
        loss = 1.0 - min(1.0, max(0.0, probability))
        mean, spread = self._usual()
        step = min(CLIP, (loss - mean) / spread) - SLACK
        self._total = min(LIMIT + CLIP, max(0.0, self._total + step))
        self._learn(loss)
        return Drift(min(1.0, self._total / LIMIT), self._total > LIMIT)

    def _learn(self, loss: float) -> None:
        self._recent.append(loss)
        if len(self._recent) > LAG:
            old = self._recent.popleft()
            self._count, self._sum = self._count + 1, self._sum + old
            self._squares += old * old

    def _usual(self) -> tuple[float, float]:
        """Mean and spread of what is old enough, shrunk to the prior."""
        weight = PRIOR_WEIGHT + self._count
        mean = (PRIOR_WEIGHT * PRIOR_MEAN + self._sum) / weight
        squares = self._squares - 2 * mean * self._sum + self._count * mean * mean
        spread = ((PRIOR_WEIGHT * PRIOR_SPREAD**2 + max(0.0, squares)) / weight) ** 0.5
        return mean, max(LEAST_SPREAD, spread)


def drift(probabilities: Iterable[float]) -> Drift:
    """Where a chat stands after these replies, oldest first; better replies end an alarm."""
    follower, found = Follower(), Drift()
    for probability in probabilities:
        found = follower.add(probability)
    return found


def broken(probability: float, high: float) -> bool:
    """Whether one reply broke character by itself."""
    return probability < BROKEN and high < 0.5
