"""Whether a reply uses what was known before: the card's facts and the turns up to the last one.

``memory_words`` counts the known words, however long ago they were said; ``memory_asked`` says
whether they belong to what the last turn asks about. What a reply takes over from the last turn is
left out; ``Context`` and ``Talk`` measure that. Blind spot of both: using known words is not being
consistent; ``Contradiction`` looks for the opposite.

On conversations of LoCoMo, with the evidence some fifteen turns back, the score prefers the right
answer over the answer to another question in 0.88 of pairs (``bench told``); by the meaning of only
the last thirteen turns it did in 0.77, and the words of the most similar turn alone do in 0.85. On
600 questions of ConvAI2, cross-validated, hits@1 with the language model is 0.717 without
``memory_words`` and 0.732 with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.signals.recital import without_recital
from rpterm.scoring.similarity import Encode
from rpterm.scoring.texts import content_stems, find_word, stems_of_line, words
from rpterm.scoring.word_frequency import probability_in, rarity
from rpterm.text.unspaced import UNSPACED

_MOST_SHOWN = 3
_ASKED_SHARPNESS = 5.0


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


class MemoryAsked:
    """``memory_asked``: what the reply remembers is what the last turn asks about.

    - Value: with W and r as in ``MemoryWords``, the sum over its known words of
      r(w) (a(w) - 1/2), divided by sqrt(sum over W of r(w)). Here a(w) is 1 if w stands in the
      known line l* that is most similar to the last turn t, and otherwise the largest
      exp(5 (cos(l, t) - cos(l*, t))) of the lines l that contain w. Unbounded; negative if the
      known words come from lines that are about something else.
    - Confidence: 1; 0 without new words, known lines or a last turn. Cost: embedding.
    - Method: written for rpterm. It is not fitted but weighs as much as ``memory_words``, so that
      a known word counts half to one and a half times, by whether it was asked for.
    - Gain: it replaces a signal that compared the meaning of the reply with all that was known and
      could not tell right from wrong. On the 24 scenes of ``rated_natural.toml`` where it was
      chosen, the rank correlation of the score with the grades rises from 0.45 to 0.46 (card) and
      from 0.58 to 0.62 (conversation); on the other 24 it falls from 0.33 to 0.32 and rises from
      0.54 to 0.58; on the older files together it rises from 0.297 to 0.315 and 0.263 to 0.277.
    """

    name = "memory_asked"
    dimension: Dimension = "conversation"
    cost: Cost = "embedding"

    def __init__(self, encode: Encode) -> None:
        self._encode = encode

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        lines = scene.known
        new_words = _new_words(reply, scene)
        if not lines or not new_words or not scene.last:
            return NO_DATA
        cosines = self._encode([line.text for line in lines]) @ self._encode([scene.last])[0]
        asked = np.exp(_ASKED_SHARPNESS * (cosines - cosines.max()))
        nearness: dict[str, float] = {}
        for line, near in zip(lines, asked.tolist(), strict=True):
            for word in stems_of_line(line.text):
                nearness[word] = max(nearness.get(word, 0.0), near)
        rarities = {word: rarity(word) for word in new_words}
        remembered = sum(
            r * (nearness[word] - 0.5) for word, r in rarities.items() if word in nearness
        )
        target = lines[int(np.argmax(cosines))]
        evidence = Evidence(0, 0, "asked about", target.source, target.text)
        return Reading(remembered / math.sqrt(sum(rarities.values())), 1.0, (evidence,))


def _new_words(reply: str, scene: ReplyScene) -> list[str]:
    """The different content words that the reply adds to the last turn and the speakers' names.

    What it recites of the card shows no memory (``recital``). In the order of the reply: a set
    would make the last digits of a sum differ between processes.
    """
    old = {*content_stems(scene.last), *content_stems(f"{scene.char} {scene.user}")}
    said = content_stems(without_recital(reply, scene))
    return [word for word in dict.fromkeys(said) if word not in old]


def _evidence(reply: str, stems: list[str], lines: Sequence[Fact]) -> list[Evidence]:
    """Where each stem stands in the reply, with the latest known line that contains it."""
    evidence = []
    for stem in stems:
        word = next(each for each in words(reply) if stem in content_stems(each))
        at = find_word(word, reply)
        if UNSPACED.search(stem):  # The "word" is all up to the next mark.
            word, at = stem, reply.lower().find(stem)
        line = next(each for each in reversed(lines) if stem in stems_of_line(each.text))
        evidence.append(Evidence(at, at + len(word), "mentioned before", line.source, line.text))
    return evidence
