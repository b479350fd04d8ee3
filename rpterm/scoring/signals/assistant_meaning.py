"""``assistant_meaning``: a sentence means what AI assistants say, in whatever words.

- Measures: assistant register in meaning and words together; finds what the words of
  ``assistant_voice`` miss.
- Value: 0 to 1, the largest probability among the first and last four sentences. Its log-odds are
  the sum of those of two logistic regressions, on the sentence embedding and on the words
  (``assistant_voice.word_log_odds``): each alone takes other lines of friendly people for an
  assistant's. Of 413 replies of ``bench rated`` with a grade from 4 up one in ten had a probability
  above 0.5 by either, and one in thirteen has by their sum, which finds as many assistants.
- Confidence: 0.8; 0 for a character that is a machine according to its card, without a sentence of
  four words, and for an embedder other than the starter. Cost: embedding.
- Method: fitted by ``rpterm.bench.refit_assistant`` on sentences of assistants against lines of
  people (``assistant.json``).
- Blind spots: as ``assistant_voice``.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rpterm.scoring.combine import sigmoid
from rpterm.scoring.resources import load_json
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.signals.assistant_voice import allowance, is_machine, word_log_odds
from rpterm.scoring.similarity import Encode
from rpterm.scoring.texts import words
from rpterm.text.sentences import with_offsets

_SENTENCES_PER_END = 4
"""Assistants greet, offer and warn at the ends of a reply."""
_LEAST_WORDS = 4
"""A shorter sentence ("Of course!") could be anybody's."""
_LEAST_SHOWN = 0.5


class AssistantMeaning:
    """See the module."""

    name = "assistant_meaning"
    dimension: Dimension = "boundaries"
    cost: Cost = "embedding"

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        parts = [each for each in with_offsets(reply) if len(words(each[1])) >= _LEAST_WORDS]
        parts = parts[:_SENTENCES_PER_END] + parts[_SENTENCES_PER_END:][-_SENTENCES_PER_END:]
        if not parts or is_machine(scene):
            return NO_DATA
        weights, constant = _coefficients()
        constant -= allowance(scene)
        rows = self._encode([text for _, text in parts])
        if rows.shape[1] != len(weights):
            return NO_DATA
        probabilities = [
            sigmoid(float(by_meaning) + constant + word_log_odds(text.replace("’", "'")))
            for by_meaning, (_, text) in zip(rows @ weights, parts, strict=True)
        ]
        evidence = tuple(
            Evidence(start, start + len(text), "")
            for (start, text), probability in zip(parts, probabilities, strict=True)
            if probability >= _LEAST_SHOWN
        )
        return Reading(max(probabilities), 0.8, evidence)


@lru_cache(maxsize=1)
def _coefficients() -> tuple[np.ndarray, float]:
    table = load_json("assistant.json")["meaning"]
    return np.array(table["weights"], np.float32), float(table["constant"])
