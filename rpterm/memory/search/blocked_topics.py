"""Blocked phrases matched by meaning: memories that talk about the same topic in other words.

Measured with the starter model on twelve topics (tests/memory/never_mentioned.py): of 48 lines
about a topic that do not use its words, 0.56 are blocked; of 48 lines that share words or a scene
with it but are about something else, 0.06; of 180 everyday lines, none. Four topics written after
the threshold was chosen give the same rates. So this complements the search for the phrase's own
words (``blocked_phrases``) and cannot replace it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rpterm.memory.embedding.embed import Embedder
from rpterm.memory.indexing.vector_index import cosine
from rpterm.memory.indexing.words import terms

SAME_TOPIC = 0.35
"""Cosine similarity from which a memory counts as being about a topic."""
_EMBED_WAIT = 0.3

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Topic:
    """A phrase's terms and the unit vector of what it is about."""

    terms: frozenset[str]
    vector: Floats


class BlockedTopics:
    """The topics of phrases, each embedded once."""

    def __init__(self, embedder: Embedder | None) -> None:
        self._embedder = embedder
        self._known: dict[str, Topic] = {}

    def of(self, phrases: Iterable[str], dim: int) -> list[Topic]:
        """The topics of those phrases that the embedder answers in time.

        Args:
            dim: Dimensions of the vectors they will be compared with.
        """
        for phrase in phrases:
            if phrase in self._known or self._embedder is None:
                continue
            vector = self._embedder.encode_now(f"This is about {phrase}.", _EMBED_WAIT)
            if vector is None:
                break  # The other phrases would time out too.
            self._known[phrase] = Topic(frozenset(terms(phrase)), vector)
        topics = [self._known[phrase] for phrase in phrases if phrase in self._known]
        return [topic for topic in topics if len(topic.vector) == dim]


def about_topics(
    topics: Sequence[Topic], vectors: Floats, speakers: Sequence[str]
) -> NDArray[np.bool_]:
    """Which of some memories are about any of the topics.

    A topic that is the speaker's own name is left to the word search: every line of theirs contains
    it.

    Args:
        vectors: Unit vectors of the memories, zeros for a memory without one.
        speakers: Who said each, or "".
    """
    matches = np.zeros(len(vectors), np.bool_)
    for topic in topics:
        is_speaker = [not topic.terms.isdisjoint(terms(speaker)) for speaker in speakers]
        matches |= (cosine(vectors, topic.vector) >= SAME_TOPIC) & ~np.array(is_speaker, np.bool_)
    return matches
