"""Which memories a line of talk calls up, best first. Pure: an index in, rows with reasons out.

The score of a memory is a plain sum of parts that need no statistics of the collection, so that
its balance is the same at a hundred memories and at a million:

- words: BM25 spread along the conversation (neighbours.py), over the length of the query's idf
  vector, so about 0 to 2 whatever the query's length. Terms that no memory holds belong to that
  length, too: else one common word that happens to be known would count like a perfect match;
- meaning: the cosine of the embeddings;
- sitting: the best word score anywhere in the same sitting, on the same scale as words;
- time: fit to a span of time that the query names (dates.py);
- recency (a half-life of 30 days of real time) and importance, both as tie-breakers only.

Measured on the development half of LoCoMo: z-scores instead of these scales 0.703 / 0.797
(R@5 / R@10), these 0.719 / 0.810 (0.712 / 0.807 without the unknown terms), and z-scores drift
with the size of the collection. No weight is sharp: of twenty changes none, of neighbours'
shares and scales included, moved R@10 by more than 0.012. Only time, doubled, gave more on each of
the five conversations (0.725 / 0.813), and so it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rpterm.memory import dates
from rpterm.memory.dates import DAY, TimeSpan
from rpterm.memory.index import MemoryIndex
from rpterm.memory.meaning import Asked, cosine, top
from rpterm.memory.neighbours import around, spread

HALF_LIFE = 30 * DAY
POOL = 400
"""Rows taken from each of words, meaning and time before neighbours join and all are scored."""

UNKNOWN = 0.75
"""What a term that no memory holds counts in the length of a query, against the rarest term. Whole
terms find as much of LoCoMo (R@5 0.720, R@10 0.806), none at all 0.712 and 0.807."""

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts; 0 switches one off.

    Attributes:
        neighbours: Whether word scores spread along the conversation.
        alike: Cosine from which two memories count as the same thing; above 1 keeps both.
    """

    words: float = 1.0
    meaning: float = 2.0
    sitting: float = 0.4
    time: float = 0.6
    recency: float = 0.02
    importance: float = 0.1
    neighbours: bool = True
    alike: float = 0.97


@dataclass(frozen=True, slots=True)
class Query:
    """What to search for.

    Attributes:
        terms: Terms and how much each counts.
        vector: Its unit embedding, or ``None`` while there is no embedder: words serve alone.
        spans: Times it names.
        now: Unix seconds.
        excluded: Rows not to find, such as turns that are in the prompt anyway.
        own: The terms that are a reason to recall something; ``None`` is all of them.
    """

    terms: dict[str, float]
    vector: Floats | None = None
    spans: tuple[TimeSpan, ...] = ()
    now: float = 0.0
    excluded: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    own: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A row and what its score is made of.

    Attributes:
        said: Of its words, what the query's own terms bring, with unknown ones counted whole, so
            that it can be held against a floor in collections of any size; ``reason`` is that with
            meaning and named time.
    """

    row: int
    score: float
    words: float = 0.0
    beside: float = 0.0
    meaning: float = 0.0
    time: float = 0.0
    pinned: bool = False
    said: float = 0.0
    reason: float = 0.0


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the scores of some rows, each unweighted and as long as ``rows``.

    Attributes:
        named: Fit to the named times that are past.
        said: As ``words``, of the query's own terms alone, with unknown terms counted whole.
    """

    rows: Rows
    own: Floats
    words: Floats
    meaning: Floats
    sitting: Floats
    time: Floats
    recency: Floats
    importance: Floats
    named: Floats
    said: Floats

    def total(self, weights: Weights) -> Floats:
        """The scores."""
        total: Floats = (
            weights.words * self.words
            + weights.meaning * self.meaning
            + weights.sitting * self.sitting
            + weights.time * self.time
            + weights.recency * self.recency
            + weights.importance * self.importance
        )
        return total


def recall(index: MemoryIndex, query: Query, count: int, weights: Weights = Weights()) -> list[Hit]:
    """The rows a query calls up: pinned ones first, then by score, near-duplicates left out."""
    allowed = index.shown.copy()
    allowed[query.excluded] = False
    pinned = [Hit(int(row), np.inf, pinned=True) for row in np.flatnonzero(index.pinned & allowed)]
    allowed[[hit.row for hit in pinned]] = False
    best = _hits(parts(index, query, allowed, weights), weights, 2 * count)
    return _without_duplicates(index, pinned + best, weights.alike)[:count]


def parts(index: MemoryIndex, query: Query, allowed: NDArray[np.bool_], weights: Weights) -> Parts:
    """The candidates among the allowed rows, with all that scores them.

    Args:
        weights: Only which parts are switched off matters here.
    """
    words, known = _word_scores(index, query.terms)
    asked = None if query.vector is None else index.vectors.ask(query.vector)
    rows = _pool(index, query, words, asked, allowed, weights)
    said = words
    if query.own is not None and query.own != query.terms:
        said, known = _word_scores(index, query.own)
    near = _near(index, words, rows, weights)
    own = near if said is words else _near(index, said, rows, weights)
    return _parts_of(index, query, words, near, np.float32(known) * own, asked, rows)


def _word_scores(index: MemoryIndex, terms: Mapping[str, float]) -> tuple[Floats, float]:
    """Every row's score, and how much of the length of these terms is known."""
    idf = np.array([weight * index.words.idf(term) for term, weight in terms.items()])
    weight = np.fromiter(terms.values(), np.float64, len(terms))
    unknown = np.where(idf == 0, weight * index.words.rarest, 0.0)
    length = float(np.linalg.norm(idf + UNKNOWN * unknown))
    whole = float(np.linalg.norm(idf + unknown))
    if not length:
        return np.zeros(len(index), np.float32), 1.0
    scores = index.words.scores({term: each / length for term, each in terms.items()})
    return scores, length / whole


def _pool(
    index: MemoryIndex,
    query: Query,
    words: Floats,
    asked: Asked | None,
    allowed: NDArray[np.bool_],
    weights: Weights,
) -> Rows:
    found: list[Rows] = []
    if weights.words:
        hit = np.flatnonzero((words > 0) & allowed)
        found.append(hit[top(words[hit], POOL)])
    if asked is not None and weights.meaning:
        found.append(asked.nearest(allowed, POOL))
    if query.spans and weights.time:
        found.append(_in_time(index, query.spans, words, allowed))
    if not found:
        return np.zeros(0, np.int64)
    rows = np.concatenate(found)
    rows = around(rows, index.before, index.after) if weights.neighbours else np.unique(rows)
    return rows[allowed[rows]]


def _in_time(
    index: MemoryIndex, spans: Sequence[TimeSpan], words: Floats, allowed: NDArray[np.bool_]
) -> Rows:
    moments = index.created
    near = np.zeros(len(moments), np.bool_)
    for span in spans:
        near |= (moments >= span.start) & (moments < span.end + DAY)
    rows = np.flatnonzero(near & allowed)
    return rows[top(words[rows], POOL)]


def _parts_of(
    index: MemoryIndex,
    query: Query,
    words: Floats,
    near: Floats,
    said: Floats,
    asked: Asked | None,
    rows: Rows,
) -> Parts:
    own = words[rows]
    nothing = np.zeros(len(rows), np.float32)
    age = np.maximum(query.now - index.created[rows], 0)
    past = [span for span in query.spans if span.end <= query.now - DAY]
    return Parts(
        rows=rows,
        own=own,
        words=near,
        said=said,
        meaning=nothing if asked is None else asked.cosines(rows),
        sitting=_best_of_sitting(index, rows, own),
        time=dates.fit(index.created[rows], query.spans) if query.spans else nothing,
        recency=np.exp2(-age / HALF_LIFE).astype(np.float32),
        importance=index.importance[rows],
        named=dates.fit(index.created[rows], past) if past else nothing,
    )


def _hits(parts: Parts, weights: Weights, count: int) -> list[Hit]:
    total = parts.total(weights)
    meaning, time = weights.meaning * parts.meaning, weights.time * parts.time
    said = weights.words * parts.said
    # "Today" and "last night" are no reason: people say them all day of what has just happened.
    reason = said + meaning + weights.time * parts.named
    return [
        Hit(
            int(parts.rows[i]),
            float(total[i]),
            words=weights.words * float(parts.own[i]),
            beside=weights.words * float(parts.words[i] - parts.own[i]),
            meaning=float(meaning[i]),
            time=float(time[i]),
            said=float(said[i]),
            reason=float(reason[i]),
        )
        for i in top(total, count)
    ]


def _near(index: MemoryIndex, scores: Floats, rows: Rows, weights: Weights) -> Floats:
    """The scores of some rows, with what flows to them from their neighbours."""
    if not weights.neighbours:
        return scores[rows]
    return spread(scores, rows, index.before, index.after)


def _best_of_sitting(index: MemoryIndex, rows: Rows, own: Floats) -> Floats:
    sittings, place = np.unique(index.sitting[rows], return_inverse=True)
    best = np.zeros(len(sittings), np.float32)
    np.maximum.at(best, place, own)
    return best[place]


def _without_duplicates(index: MemoryIndex, hits: list[Hit], alike: float) -> list[Hit]:
    """Leave out what says the same as a better hit; rows without a vector all stay."""
    if alike > 1 or not hits:
        return hits
    vectors = index.vectors.gather(np.array([hit.row for hit in hits]))
    same = np.triu(cosine(vectors[:, None], vectors), 1) >= alike
    kept: list[Hit] = []
    gone = np.zeros(len(hits), np.bool_)
    for place, hit in enumerate(hits):
        if not gone[place]:
            kept.append(hit)
            gone |= same[place]
    return kept
