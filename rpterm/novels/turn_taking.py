"""Models turn-taking: the probable speakers of a conversation, given each line's own scores. Pure.

People speak by turns: after A and B it is A's turn again, and hardly anybody speaks twice in a row.
Each line's speaker depends on the two before. Forward and backward sums (Rabiner 1989) give the
probability of each person for each line, so that a name in the tenth line tells who spoke in the
eighth.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WEIGHTS = {"again": -0.7, "back": 2.8, "again_far": 2.2, "back_far": 1.0}
"""Log-odds relative to somebody new: the same speaker again, and the one before the last."""
_MAX_GAP = 1
"""Paragraphs from one line to the next within an unbroken exchange."""


def speaker_probabilities(
    scores: Sequence[Sequence[float]], gaps: Sequence[int], continued: Sequence[float]
) -> Floats:
    """The probability of each person for each line: an array of lines × persons.

    Args:
        scores: For each line, the log score of each person.
        gaps: Paragraphs since the previous line; the first is ignored.
        continued: For each line, the log-odds that it continues the speech before it; 0 if nothing
            suggests so.
    """
    lines, persons = len(scores), len(scores[0])
    emission = np.exp(np.array(scores) - np.max(scores, axis=1, keepdims=True))
    transitions = [
        _transition_weights(persons, gap <= _MAX_GAP, log_odds)
        for gap, log_odds in zip(gaps, continued, strict=True)
    ]
    # forward[i][j, k]: line i - 1 is spoken by j and line i by k.
    forward = [np.full((persons, persons), 1.0 / persons) * emission[0]]
    for at in range(1, lines):
        step = np.einsum("jk,jkl->kl", forward[-1], transitions[at]) * emission[at]
        forward.append(step / step.sum())
    backward = np.ones((persons, persons))
    probabilities = np.empty((lines, persons))
    for at in range(lines - 1, -1, -1):
        both = (forward[at] * backward).sum(axis=0)
        probabilities[at] = both / both.sum()
        backward = np.einsum("jkl,kl->jk", transitions[at], emission[at] * backward)
        backward /= backward.max()
    return probabilities


@cache
def _transition_weights(persons: int, close: bool, continued: float) -> Floats:
    """How much likelier than somebody new each person is, after every pair of speakers."""
    again, back = ("again", "back") if close else ("again_far", "back_far")
    each = np.arange(persons)
    weights = np.ones((persons, persons, persons))
    weights[each, :, each] = np.exp(WEIGHTS[back])
    weights[:, each, each] = np.exp(continued or WEIGHTS[again])
    return weights
