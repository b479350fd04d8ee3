"""Phrases never to be mentioned, by meaning: memories that speak of the same thing in other words.

Measured with the starter model on twelve topics (tests/memory/never_mentioned.py): of 48 lines
that tell of a topic without its words 0.56 are kept out, of 48 that share words or scene with it
but are about something else 0.06, of 180 everyday ones none; on four topics written after the
threshold was chosen the same. So it adds to the search for the phrase's own words (``blocks``), it
cannot take its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rpterm.memory.embed import Embedder
from rpterm.memory.meaning import cosine
from rpterm.memory.words import terms

SAME = 0.35
"""Cosine from which a memory speaks of a topic."""
_WAIT = 0.3

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Topic:
    """A phrase and the unit vector of what it is about."""

    terms: frozenset[str]
    vector: Floats


class Topics:
    """The topics of phrases, each embedded once."""

    def __init__(self, embedder: Embedder | None) -> None:
        self._embedder = embedder
        self._known: dict[str, Topic] = {}

    def of(self, phrases: Iterable[str], dim: int) -> list[Topic]:
        """The topics of those phrases that the embedder has an answer for in time.

        Args:
            dim: Dimensions of the vectors they will be compared with.
        """
        for phrase in phrases:
            if phrase in self._known or self._embedder is None:
                continue
            vector = self._embedder.now(f"This is about {phrase}.", _WAIT)
            if vector is None:
                break  # The others would have to wait, too.
            self._known[phrase] = Topic(frozenset(terms(phrase)), vector)
        found = [self._known[phrase] for phrase in phrases if phrase in self._known]
        return [topic for topic in found if len(topic.vector) == dim]


def spoken_of(
    topics: Sequence[Topic], vectors: Floats, speakers: Sequence[str]
) -> NDArray[np.bool_]:
    """Which of some memories speak of any topic.

    A topic that is the speaker's own name is left to words: every line of theirs bears it.

    Args:
        vectors: Unit vectors of the memories, zeros where there is none.
        speakers: Who said each, or "".
    """
    found = np.zeros(len(vectors), np.bool_)
    for topic in topics:
        own = [not topic.terms.isdisjoint(terms(speaker)) for speaker in speakers]
        found |= (cosine(vectors, topic.vector) >= SAME) & ~np.array(own, np.bool_)
    return found
