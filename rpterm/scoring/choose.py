"""Which of several replies to keep, by their scores. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rpterm.scoring.scorer import Score


def choose(scores: Sequence[Score | None]) -> int:
    """The index of the reply that is most probably in character.

    Equal ones are told apart by the lower end of their interval, then by their order: the first
    one was there first. A reply that nobody could score is kept only when none was scored.

    Raises:
        ValueError: There is nothing to choose from.
    """
    if not scores:
        raise ValueError("no scores to choose from")
    return max(range(len(scores)), key=lambda at: _worth(scores[at], at))


def _worth(score: Score | None, at: int) -> tuple[float, float, int]:
    return (score.probability, score.low, -at) if score is not None else (-1.0, -1.0, -at)
