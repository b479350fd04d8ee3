"""Whether a reply says what was known before: the card's facts, and the talk up to the last turn.

By words and by meaning, in whatever turn it was said. Being near is not being consistent:
``Contradiction`` looks for the contrary. What a reply takes over from the last turn is left out
here: ``Context`` and ``Talk`` read that.

Of the right answer about a talk of LoCoMo and the answer to another question, with the evidence
some fifteen turns back, the score prefers the right one in 0.88 of pairs (``bench told``); by the
meaning of the thirteen last turns alone it did so in 0.77, and the words of the nearest turn say so
in 0.85. On 600 questions of ConvAI2, crossed, hits@1 with the language model is 0.717 without the
words, 0.735 without the meaning and 0.732 with both; without the language model the right reply
wins over those to the likest turns in 0.788 of pairs.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from rpterm.scoring.fit import Fit
from rpterm.scoring.frequency import chance, nameless, rarity
from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Fact, Reading, Scene
from rpterm.scoring.texts import content, where, words

_SHOWN = 3


class MemoryWords:
    """Value: how much more of what the reply adds was known than chance would have it.

    With W the reply's words that carry meaning and are neither in the last turn nor a name of the
    two, r their rarity, and q(w) the chance that as much foreign text as is known holds w
    (``scoring.frequency``)::

        value = sum over W of r(w) ((1 if w is known else 0) - q(w)), / root of sum over W of r(w)

    Without q every reply would seem to remember in a long chat. The root lies between the share of
    the words, by which one known word of two is as good as ten of twenty, and their sum, which
    grows with every sentence. Both were decided on the 48 scenes of ``bench rated``: with the
    share, and rarities by a few hundred everyday lines, the score told replies whose writers knew
    all from those that knew half in 0.71 (card) and 0.71 (talk) of 24 pairs each, with these in
    0.75 and 0.92, and from those that knew nothing in 0.88 and 0.83, with these in 1.0 and 1.0. By
    those rarities the words of a foreign reply also seemed the contrary of a memory after 250
    turns.
    """

    name = "memory_words"
    dimension: Dimension = "conversation"
    cost: Cost = "words"

    def measure(self, reply: str, scene: Scene) -> Reading:
        lines = known(scene)
        names = f"{scene.char} {scene.user}"  # Who calls one of the two by name remembers nothing.
        added = set(content(reply)) - set(content(scene.last)) - set(content(names))
        if not lines or not added:
            return NOTHING
        told = [word for line in lines for word in _content(line.text)]
        heard = added & set(told)
        weights = {word: rarity(word) for word in added}
        by_chance = sum(r * chance(word, len(told)) for word, r in weights.items())
        beyond = sum(weights[word] for word in heard) - by_chance
        telling = [word for word in heard if "'" not in word]  # "You've" shows nobody anything.
        rarest = sorted(telling, key=lambda word: (-weights[word], word))[:_SHOWN]
        value = beyond / math.sqrt(sum(weights.values()))
        return Reading(value, 1.0, tuple(_said_before(reply, rarest, lines)))


class MemoryMeaning:
    """Value: how much nearer in meaning is what the reply adds to all that was known than to
    anybody's lines.

    Known lines that are near to the last turn weigh more; what is taken over from it is left out.
    """

    name = "memory_meaning"
    dimension: Dimension = "conversation"
    cost: Cost = "embedding"

    def __init__(self, fit: Fit) -> None:
        self._fit = fit

    def measure(self, reply: str, scene: Scene) -> Reading:
        lines = known(scene)
        if not lines or not reply.strip():
            return NOTHING
        texts = [line.text for line in lines]
        said = nameless(reply, scene.char)
        cosines, value = self._fit.to_known(said, texts, scene.last)
        nearest = lines[int(np.argmax(cosines))]
        note = f"nearest of all that is known, {float(cosines.max()):.2f}"
        return Reading(value, 1.0, (Evidence(0, 0, note, nearest.source, nearest.text),))


def known(scene: Scene) -> list[Fact]:
    """The card's facts, then the turns before the last one, oldest first."""
    return [*scene.facts, *(turn for _, turn in scene.turns[:-1] if turn.text.strip())]


@lru_cache(maxsize=4096)
def _content(line: str) -> tuple[str, ...]:
    """Kept: every reply meets all lines that are known again."""
    return tuple(content(line))


def _said_before(reply: str, heard: list[str], lines: list[Fact]) -> list[Evidence]:
    """Where the reply has these words, and the latest line that has them, too."""
    found = []
    for wanted in heard:
        word = next(each for each in words(reply) if wanted in content(each))
        at = where(word, reply)
        line = next(each for each in reversed(lines) if wanted in _content(each.text))
        found.append(Evidence(at, at + len(word), "known before", line.source, line.text))
    return found
