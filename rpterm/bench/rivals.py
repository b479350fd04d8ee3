"""What others said to the likest turns: wrong replies that are to the point.

A reply that was made for a talk is about it, whoever makes it. Candidates drawn from other talks
are not, so they teach that being to the point is being in character. These do not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rpterm.bench.convai2 import Question
from rpterm.scoring.fit import Encode

_EACH = 2
_BATCH = 256


class Rivals:
    """Finds them among dialogues; embeds the last turn of every question once.

    Args:
        questions: Where rivals come from; those of the same persona are left out.
        each: How many for one question.
    """

    def __init__(self, questions: Sequence[Question], encode: Encode, each: int = _EACH) -> None:
        self._encode, self._each = encode, each
        self._questions = [each for each in questions if each.history]
        turns = [each.history[-1] for each in self._questions]
        parts = [encode(turns[at : at + _BATCH]) for at in range(0, len(turns), _BATCH)]
        self._rows = np.concatenate(parts)

    def of(self, question: Question) -> tuple[str, ...]:
        """The right replies to the turns likest to this question's, no two alike."""
        near = self._rows @ self._encode([question.history[-1]])[0]
        right = question.candidates[question.gold]
        found: dict[str, None] = {}
        for at in np.argsort(-near, kind="stable"):
            other = self._questions[int(at)]
            said = other.candidates[other.gold]
            if other.key != question.key and said != right:
                found.setdefault(said)
            if len(found) == self._each:
                break
        return tuple(found)
