"""Hard negatives: what others replied to the most similar turns.

A reply written for a dialogue is on topic, whoever wrote it. Candidates drawn from other dialogues
are off topic, so a model fitted on them learns that being on topic is being in character. Hard
negatives are on topic and do not teach that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rpterm.bench.convai2 import Question
from rpterm.scoring.similarity import Encode

_EACH = 2
_BATCH = 256


class HardNegatives:
    """Finds hard negatives in a set of dialogues; embeds the last turn of every question once.

    Args:
        questions: Where they come from; those of the same persona are skipped.
        each: How many per question.
    """

    def __init__(self, questions: Sequence[Question], encode: Encode, each: int = _EACH) -> None:
        self._encode, self._each = encode, each
        self._questions = [each for each in questions if each.history]
        turns = [each.history[-1] for each in self._questions]
        parts = [encode(turns[at : at + _BATCH]) for at in range(0, len(turns), _BATCH)]
        self._rows = np.concatenate(parts)

    def of(self, question: Question) -> tuple[str, ...]:
        """The right replies to the turns most similar to this question's, without duplicates."""
        cosines = self._rows @ self._encode([question.history[-1]])[0]
        right = question.candidates[question.gold]
        found: dict[str, None] = {}
        for at in np.argsort(-cosines, kind="stable"):
            other = self._questions[int(at)]
            reply = other.candidates[other.gold]
            if other.key != question.key and reply != right:
                found.setdefault(reply)
            if len(found) == self._each:
                break
        return tuple(found)
