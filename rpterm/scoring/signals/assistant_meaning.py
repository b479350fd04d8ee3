"""Whether a sentence means what machines that help say, in whatever words.

A logistic regression on the sentence vector of the starter embedder (``assistant.json``, made by
``rpterm.bench.refit_assistant`` from sentences of assistants against lines of people). It hears
what the words of ``AssistantVoice`` miss and is the less certain of the two: a butler, a doctor
and a teacher come near it. It knows this one embedder only, and no character that is a machine.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files

import numpy as np

from rpterm.scoring.combine import chance
from rpterm.scoring.fit import Encode
from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Reading, Scene
from rpterm.scoring.signals.assistant import is_machine
from rpterm.scoring.texts import words
from rpterm.sentences import placed

_ENDS = 4
"""Sentences read at either end of a reply: that is where assistants greet, offer and warn."""
_LEAST_WORDS = 4
"""Of a shorter one ("Of course!") nobody can tell."""
_SHOWN = 0.5


class AssistantMeaning:
    """Value: the largest probability among the reply's first and last sentences."""

    name = "assistant_meaning"
    dimension: Dimension = "boundaries"
    cost: Cost = "embedding"

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def measure(self, reply: str, scene: Scene) -> Reading:
        parts = [each for each in placed(reply) if len(words(each[1])) >= _LEAST_WORDS]
        parts = parts[:_ENDS] + parts[_ENDS:][-_ENDS:]
        if not parts or is_machine(scene):
            return NOTHING
        weights, constant = _frozen()
        rows = self._encode([text for _, text in parts])
        if rows.shape[1] != len(weights):
            return NOTHING
        chances = [chance(float(each) + constant) for each in rows @ weights]
        found = tuple(
            Evidence(start, start + len(text), "means what an assistant would say")
            for (start, text), value in zip(parts, chances, strict=True)
            if value >= _SHOWN
        )
        return Reading(max(chances), 0.8, found)


@lru_cache(maxsize=1)
def _frozen() -> tuple[np.ndarray, float]:
    text = files("rpterm.scoring").joinpath("assistant.json").read_text("utf-8")
    table = json.loads(text)["meaning"]
    return np.array(table["weights"], np.float32), float(table["constant"])
