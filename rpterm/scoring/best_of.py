"""Picks the best of several replies by their scores. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rpterm.scoring.scorer import Score


def best_index(scores: Sequence[Score | None]) -> int:
    """The index of the reply with the highest probability of being in character.

    Ties go to the higher lower bound of the interval, then to the earlier reply. A reply without a
    score (``None``) wins only if no reply has one.

    Raises:
        ValueError: ``scores`` is empty.
    """
    if not scores:
        raise ValueError("no scores to choose from")
    return max(range(len(scores)), key=lambda index: _rank(scores[index], index))


def _rank(score: Score | None, index: int) -> tuple[float, float, int]:
    return (score.probability, score.low, -index) if score is not None else (-1.0, -1.0, -index)
