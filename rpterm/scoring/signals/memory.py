"""Whether a reply uses what was known before: the card's facts and the turns up to the last one.

``memory_words`` measures it by words, ``memory_meaning`` by meaning, however long ago it was said.
What a reply takes over from the last turn is left out; ``Context`` and ``Talk`` measure that. Blind
spot of both: being similar is not being consistent; ``Contradiction`` looks for the opposite.

On conversations of LoCoMo, with the evidence some fifteen turns back, the score prefers the right
answer over the answer to another question in 0.88 of pairs (``bench told``); by the meaning of only
the last thirteen turns it did in 0.77, and the words of the most similar turn alone do in 0.85. On
600 questions of ConvAI2, cross-validated, hits@1 with the language model is 0.717 without
``memory_words``, 0.735 without ``memory_meaning`` and 0.732 with both; without the language model
the right reply beats the hard negatives in 0.788 of pairs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.similarity import ContrastiveSimilarity
from rpterm.scoring.texts import content_stems, find_word, stems_of_line, words
from rpterm.scoring.word_frequency import probability_in, rarity, without_name

_MOST_SHOWN = 3


class MemoryWords:
    """``memory_words``: more of the reply's new words were known than chance would explain.

    - Value: with W the reply's content words that are neither in the last turn nor in the two
      speakers' names, r(w) their rarity, and q(w) the probability that unrelated text as long as
      the known lines contains w (``scoring.word_frequency``)::

          value = sum over W of r(w) (1[w is known] - q(w)) / sqrt(sum over W of r(w))

      Unbounded; 0 is what chance explains.
    - Confidence: 1; 0 if W or the known lines are empty. Cost: words.
    - Method: written for rpterm. Without q every reply would seem to remember in a long chat. The
      square root lies between a share, for which one known word of two equals ten of twenty, and a
      sum, which grows with every sentence. Both were chosen on the 48 scenes of ``bench rated``.
      With the share and document frequencies over a few hundred everyday lines, the score preferred
      replies whose writers knew everything to those whose writers knew half in 0.71 (card) and 0.71
      (conversation) of 24 pairs each, now in 0.75 and 0.92; and to those whose writers knew nothing
      in 0.88 and 0.83, now in 1.0 and 1.0. With those frequencies the words of an unrelated reply
      also seemed the opposite of a memory after 250 turns.
    """

    name = "memory_words"
    dimension: Dimension = "conversation"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        lines = scene.known
        new_words = _new_words(reply, scene)
        if not lines or not new_words:
            return NO_DATA
        known_words = [word for line in lines for word in stems_of_line(line.text)]
        remembered = set(known_words) & set(new_words)
        rarities = {word: rarity(word) for word in new_words}
        expected = sum(r * probability_in(word, len(known_words)) for word, r in rarities.items())
        observed = sum(r for word, r in rarities.items() if word in remembered)
        value = (observed - expected) / math.sqrt(sum(rarities.values()))
        shown = [word for word in remembered if "'" not in word]  # "You've" explains nothing.
        rarest = sorted(shown, key=lambda word: (-rarities[word], word))[:_MOST_SHOWN]
        return Reading(value, 1.0, tuple(_evidence(reply, rarest, lines)))


class MemoryMeaning:
    """``memory_meaning``: what the reply adds means what was known before.

    - Value: the contrasted similarity (``scoring.similarity``) of what the reply adds to the last
      turn with all known lines, of which those similar to the last turn weigh more; unbounded, 0 is
      as similar as everyday lines.
    - Confidence: 1; 0 if nothing is known. Cost: embedding.
    """

    name = "memory_meaning"
    dimension: Dimension = "conversation"
    cost: Cost = "embedding"

    def __init__(self, similarity: ContrastiveSimilarity) -> None:
        self._similarity = similarity

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        lines = scene.known
        if not lines or not reply.strip():
            return NO_DATA
        texts = [line.text for line in lines]
        cosines, value = self._similarity.to_known(
            without_name(reply, scene.char), texts, scene.last
        )
        nearest = lines[int(np.argmax(cosines))]
        note = f"nearest of all that is known, {float(cosines.max()):.2f}"
        return Reading(value, 1.0, (Evidence(0, 0, note, nearest.source, nearest.text),))


def _new_words(reply: str, scene: ReplyScene) -> list[str]:
    """The different content words that the reply adds to the last turn and the speakers' names.

    In the order of the reply: a set would make the last digits of a sum differ between processes.
    """
    old = {*content_stems(scene.last), *content_stems(f"{scene.char} {scene.user}")}
    return [word for word in dict.fromkeys(content_stems(reply)) if word not in old]


def _evidence(reply: str, stems: list[str], lines: Sequence[Fact]) -> list[Evidence]:
    """Where each stem stands in the reply, with the latest known line that contains it."""
    evidence = []
    for stem in stems:
        word = next(each for each in words(reply) if stem in content_stems(each))
        at = find_word(word, reply)
        line = next(each for each in reversed(lines) if stem in stems_of_line(each.text))
        evidence.append(Evidence(at, at + len(word), "mentioned before", line.source, line.text))
    return evidence
