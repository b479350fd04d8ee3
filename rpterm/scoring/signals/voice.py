"""Whether a reply sounds like the character's example lines and not like other characters'.

Three readings of one question: by words (see ``rpterm.scoring.voices``), by meaning, and by the
likelihood of the fixed language model. All are differences between the character's lines and those
of others; without other characters in the scene there is nothing to go by. They know a voice from
the voices beside it; a stranger that sounds like neither is not known as one.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from rpterm.scoring.fit import Encode, soft
from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Reading, Scene
from rpterm.scoring.signals.patient import ByLikelihood
from rpterm.scoring.texts import where
from rpterm.scoring.voices import VIEWS, Voices

_LEAST_LINES = 3
_MOST_LINES = 20
_MOST_OTHERS = 6
_LIKELY_OTHERS = 4
_WORDS = 40
_SHARP = 4.0
_KEPT = 8
SCALES = {"runs": 1.0, "letters": 0.6, "words": 0.75, "turns": 0.37}
"""Standard deviations of the views on the development novels: each view counts alike."""


class VoiceWords:
    """Value: the mean of the four views, each in units of its spread."""

    name = "voice_words"
    dimension: Dimension = "behaviour"
    cost: Cost = "words"

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], Voices] = OrderedDict()

    def measure(self, reply: str, scene: Scene) -> Reading:
        if not _enough(scene) or not reply.strip():
            return NOTHING
        voices = self._voices(scene)
        views = voices.measure(reply)
        value = sum(views[view] / SCALES[view] for view in VIEWS) / len(VIEWS)
        return Reading(value, 1.0, tuple(_marks(reply, voices, value)))

    def _voices(self, scene: Scene) -> Voices:
        own, others = lines(scene)
        key = (*own, None, *others)
        if key not in self._kept:
            self._kept[key] = Voices(own, others)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]


class VoiceMeaning:
    """Value: ln mean exp(K cos) to the own lines, less its mean over the others'.

    Of every line the first forty words are read."""

    name = "voice_meaning"
    dimension: Dimension = "behaviour"
    cost: Cost = "embedding"

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def measure(self, reply: str, scene: Scene) -> Reading:
        if not _enough(scene) or not reply.strip():
            return NOTHING
        reply_row = self._encode([cut(reply)])
        near = [
            float(soft(reply_row @ self._encode(voice).T, _SHARP)[0]) for voice in to_embed(scene)
        ]
        return Reading(near[0] - float(np.mean(near[1:])))


class VoiceLikelihood(ByLikelihood):
    """Value: sum over n tokens of ln p(token | own) - ln mean p(token | other), / sqrt(n).

    The mean is over the other voices. Each prompt is twenty lines, one below the other, cut at
    forty words, as the reply is. Where a line stands matters to the model and to nobody else, so
    the value is the mean of two orders, one turned round: 542 pairs of fourteen novels, each left
    out once, 0.782 instead of 0.773, alone 0.757 instead of 0.733 (orders mixed token by token
    0.773; two prompts of ten lines each 0.764). The mixture of contrasts tells lines apart a
    little better than the mean of their logarithms (with words and meaning 0.772 against 0.765 of
    1151 pairs, each of twelve novels left out once); differences cut at one or two nats, the first
    tokens left out, and whole-line mixtures do not.
    """

    name = "voice_likelihood"
    dimension: Dimension = "behaviour"

    def measure_until(self, reply: str, scene: Scene, stopped: Callable[[], bool]) -> Reading:
        if not _enough(scene) or not reply.strip():
            return NOTHING
        own, others = lines(scene)
        voices = [own, *others[:_LIKELY_OTHERS]]
        prompts = [prompt(each) for voice in voices for each in (voice, voice[::-1])]
        found = self._likelihood.logprobs(cut(reply), prompts, stopped)
        if not found[0]:
            return NOTHING
        return Reading((_against_others(found[::2]) + _against_others(found[1::2])) / 2)


def lines(scene: Scene) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The lines that are compared: at most twenty of each of seven voices."""
    enough = [voice[:_MOST_LINES] for voice in scene.other_lines if len(voice) >= _LEAST_LINES]
    return scene.own_lines[:_MOST_LINES], tuple(enough[:_MOST_OTHERS])


def to_embed(scene: Scene) -> list[tuple[str, ...]]:
    """The lines that are compared by meaning, the character's own first."""
    own, others = lines(scene)
    return [tuple(cut(line) for line in voice) for voice in (own, *others)]


def prompt(voice: Sequence[str]) -> str:
    """Lines that a line of the same voice may follow."""
    return "".join(f"{cut(line)}\n" for line in voice)


def _against_others(found: Sequence[Sequence[float]]) -> float:
    """The value of one order, from the tokens' log-probabilities; the own voice is the first."""
    others = np.logaddexp.reduce(found[1:], axis=0) - math.log(len(found) - 1)
    return float(np.sum(np.asarray(found[0]) - others)) / math.sqrt(len(found[0]))


def cut(line: str) -> str:
    """The first forty words."""
    return " ".join(line.split()[:_WORDS])


def _enough(scene: Scene) -> bool:
    own, others = lines(scene)
    return len(own) >= _LEAST_LINES and bool(others)


def _marks(reply: str, voices: Voices, value: float) -> list[Evidence]:
    """Where the words stand that speak loudest."""
    note = "sounds like the examples" if value > 0 else "sounds like somebody else"
    found = []
    for word in voices.telling(reply):
        if (at := where(word, reply)) >= 0:
            found.append(Evidence(at, at + len(word), note))
    return found
