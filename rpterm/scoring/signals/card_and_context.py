"""How well a reply fits the card's facts and the last turns, by words and by meaning.

Similarity in meaning is contrasted with everyday lines: see ``scoring.similarity`` for the formula.
Fit is evidence for the character, not proof: a right reply need not touch any fact. Blind spot of
all four signals: a contradiction fits in words and in meaning. The character's own name is removed
from the reply before it is compared with facts: mentioning "Holmes" shows no knowledge of him. Nor
does reciting the card (``recital``).
"""

from __future__ import annotations

import numpy as np

from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.signals.recital import without_recital
from rpterm.scoring.similarity import ContrastiveSimilarity
from rpterm.scoring.texts import cosine_similarity, everyday_tfidf
from rpterm.scoring.word_frequency import without_name

_TURNS = 13
_RECENT_WORDS = 80


class FactWords:
    """``fact_words``: the reply uses the words of a fact.

    - Value: the largest TF-IDF cosine of the reply with one fact, 0 to 1; document frequencies from
      the everyday lines. Confidence: 1; 0 without facts. Cost: words.
    - Blind spots: synonyms and paraphrase.
    """

    name = "fact_words"
    dimension: Dimension = "persona"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        if not scene.facts or not reply.strip():
            return NO_DATA
        rarity = everyday_tfidf()
        vector = rarity.vector(own_words(reply, scene))
        cosines = [cosine_similarity(vector, rarity.vector(fact.text)) for fact in scene.facts]
        return _reading(max(cosines), reply, scene, cosines)


class FactMeaning:
    """``fact_meaning``: the reply means what the facts mean.

    - Value: the contrasted similarity of what the reply adds to the last turn with the facts that
      the character has not told yet; unbounded, 0 is as similar as everyday lines. Confidence: 1; 0
      without facts. Cost: embedding.
    - Facts told in the last twelve turns do not count again. On ConvAI2 that, ``Talk`` and the
      lower sharpness of ``Context`` together raise cross-validated hits@1 on 408 questions from
      0.654 to 0.691, without the language model.
    """

    name = "fact_meaning"
    dimension: Dimension = "persona"
    cost: Cost = "embedding"

    def __init__(self, similarity: ContrastiveSimilarity) -> None:
        self._similarity = similarity

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        if not scene.facts or not reply.strip():
            return NO_DATA
        facts = [fact.text for fact in scene.facts]
        cosines, value = self._similarity.to_facts(
            own_words(reply, scene), facts, _own_turns(scene), scene.last
        )
        return _reading(value, reply, scene, [float(each) for each in cosines])


class Context:
    """``context``: the reply is about what the user's last turn is about.

    - Value: the contrasted similarity of the whole reply with that turn; unbounded, 0 is as similar
      as everyday turns. Confidence: 1; 0 before the user's first turn. Cost: embedding.
    - Blind spots: an echo of the turn scores high.
    """

    name = "context"
    dimension: Dimension = "conversation"
    cost: Cost = "embedding"

    def __init__(self, similarity: ContrastiveSimilarity) -> None:
        self._similarity = similarity

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        if not scene.asked or not reply.strip():
            return NO_DATA
        value = self._similarity.to_turn(reply, scene.asked)
        evidence = Evidence(0, 0, "answers this", scene.asked_at, scene.asked)
        return Reading(value, 1.0, (evidence,))


class Talk:
    """``talk``: the reply stays on the subject of the last two turns.

    - Value: as ``Context``, against the last 80 words of the last two turns. Confidence: 1; 0
      without history. Cost: embedding. No evidence.
    """

    name = "talk"
    dimension: Dimension = "conversation"
    cost: Cost = "embedding"

    def __init__(self, similarity: ContrastiveSimilarity) -> None:
        self._similarity = similarity

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        text = recent_text(scene)
        if not text or not reply.strip():
            return NO_DATA
        return Reading(self._similarity.to_turn(reply, text), 1.0)


def own_words(reply: str, scene: ReplyScene) -> str:
    """What of a reply is compared with facts: without the name, and without what it recites."""
    return without_name(without_recital(reply, scene), scene.char)


def _own_turns(scene: ReplyScene) -> list[str]:
    """The character's turns among the twelve before the last turn."""
    return [text for own, text in scene.history[-_TURNS:-1] if own and text.strip()]


def recent_text(scene: ReplyScene) -> str:
    """The end of the last two turns, as one text."""
    words = " ".join(text for _, text in scene.history[-2:]).split()
    return " ".join(words[-_RECENT_WORDS:])


def _reading(value: float, reply: str, scene: ReplyScene, similarities: list[float]) -> Reading:
    """A reading whose evidence is the most similar fact."""
    index = int(np.argmax(similarities))
    best, fact = similarities[index], scene.facts[index]
    evidence = Evidence(0, len(reply), f"nearest line, {best:.2f}", fact.source, fact.text)
    return Reading(value, 1.0, (evidence,) if best > 0 else ())
