"""Who speaks when: the likeliest course of a conversation, given what speaks for each. Pure.

People speak by turns: after A and B it is A's turn again, and hardly anybody speaks twice in a row.
Each line's speaker depends on the two before, and forward and backward sums (Rabiner 1989) give for
each line the chance of everybody, so that a name in the tenth line tells who spoke in the eighth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WEIGHTS = {"again": -2.5, "back": 1.5, "again_far": 0.0, "back_far": 1.0}
"""Logarithms of odds against somebody new: the same once more, and the one before the last."""
_CLOSE = 1
"""Paragraphs from one line to the next of an unbroken exchange."""


def chances(
    scores: Sequence[Sequence[float]], gaps: Sequence[int], goes_on: Sequence[float]
) -> Floats:
    """The chance of each person for each line: an array of lines × persons.

    Args:
        scores: For each line what speaks for each person, as logarithms.
        gaps: Paragraphs since the line before; that of the first counts nothing.
        goes_on: For each line what speaks for its going on with the speech of the one before, 0
            where nothing does.
    """
    lines, persons = len(scores), len(scores[0])
    told = np.exp(np.array(scores) - np.max(scores, axis=1, keepdims=True))
    moves = [_moves(persons, gap, on) for gap, on in zip(gaps, goes_on, strict=True)]
    # forward[i][j, k]: line i - 1 is j's and line i is k's.
    forward = [np.full((persons, persons), 1.0 / persons) * told[0]]
    for at in range(1, lines):
        step = np.einsum("jk,jkl->kl", forward[-1], moves[at]) * told[at]
        forward.append(step / step.sum())
    backward = np.ones((persons, persons))
    found = np.empty((lines, persons))
    for at in range(lines - 1, -1, -1):
        both = (forward[at] * backward).sum(axis=0)
        found[at] = both / both.sum()
        backward = np.einsum("jkl,kl->jk", moves[at], told[at] * backward)
        backward /= backward.max()
    return found


_MADE: dict[tuple[int, bool, float], Floats] = {}


def _moves(persons: int, gap: int, goes_on: float) -> Floats:
    """How much more likely than somebody new each one is, after every two."""
    key = (persons, gap <= _CLOSE, goes_on)
    if key not in _MADE:
        _MADE[key] = _made(*key)
    return _MADE[key]


def _made(persons: int, close: bool, goes_on: float) -> Floats:
    again, back = ("again", "back") if close else ("again_far", "back_far")
    each = np.arange(persons)
    moves = np.ones((persons, persons, persons))
    moves[each, :, each] = np.exp(WEIGHTS[back])
    moves[:, each, each] = np.exp(goes_on or WEIGHTS[again])
    return moves
