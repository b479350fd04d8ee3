"""Ranks the memories that a draft calls for. Pure: takes an index, returns rows with scores.

The score of a memory is a plain sum of parts that need no statistics of the collection, so their
balance is the same for a hundred memories as for a million:

- words: BM25 spread along the conversation (neighbours.py), divided by the norm of the query's idf
  vector, so about 0 to 2 whatever the query's length. Terms that no memory contains count towards
  that norm too; otherwise one common word that happens to be known would score like a perfect
  match;
- meaning: the cosine similarity of the embeddings;
- question: a line that only asks counts less, and the line after it more (questions.py);
- sitting: the best word score anywhere in the same sitting, on the same scale as words;
- time: fit to a time span that the query names (dates.py);
- recency (a half-life of 30 days of real time) and importance, both as tie-breakers only.

R@5 / R@10 on the development half of LoCoMo: 0.762 / 0.836. Z-scores instead of these scales are
worse by 0.016 / 0.013, and drift with the size of the collection. No weight is critical: of twenty
changes, including the neighbours' shares and the scales, none moved R@10 by more than 0.012.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rpterm.memory.indexing.index import MemoryIndex
from rpterm.memory.indexing.vector_index import VectorQuery, cosine, top
from rpterm.memory.search import dates
from rpterm.memory.search.dates import DAY, TimeSpan
from rpterm.memory.search.neighbours import spread_scores, with_neighbours
from rpterm.memory.search.questions import discounted, from_question_before

HALF_LIFE = 30 * DAY
POOL = 400
"""Rows taken from each of words, meaning and time; neighbours join them before all are scored."""

UNKNOWN = 0.75
"""How much a term that no memory contains counts towards the norm of a query, relative to the
rarest term. On LoCoMo 1 is as good (R@5 0.720, R@10 0.806) and 0 gives 0.712 and 0.807."""

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RecallWeights:
    """How much each part counts; 0 switches a part off.

    Attributes:
        neighbours: Whether word scores spread along the conversation.
        questions: Whether questions count less than what answers them.
        alike: Cosine similarity from which two memories count as duplicates; above 1 keeps both.
    """

    words: float = 1.0
    meaning: float = 2.0
    sitting: float = 0.4
    time: float = 0.6
    recency: float = 0.02
    importance: float = 0.1
    neighbours: bool = True
    questions: bool = True
    alike: float = 0.97


@dataclass(frozen=True, slots=True)
class RecallQuery:
    """What to search for.

    Attributes:
        terms: Terms and how much each counts.
        vector: Its unit embedding, or ``None`` without an embedder: then only words are compared.
        spans: Time spans it names.
        now: Unix seconds.
        excluded: Rows not to find, such as turns that the prompt contains anyway.
        own: The terms that are evidence for recalling something; ``None`` means all of them.
    """

    terms: dict[str, float]
    vector: Floats | None = None
    spans: tuple[TimeSpan, ...] = ()
    now: float = 0.0
    excluded: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    own: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class RecallHit:
    """A row and the parts of its score.

    Attributes:
        words: The weighted word score of the row itself.
        from_neighbours: What flows to its score from neighbouring rows.
        draft_words: The part of the word score that comes from the query's own terms, with unknown
            terms counted fully in the norm, so that one threshold fits collections of any size.
        evidence: ``draft_words`` plus meaning, the question it answers, and the time spans named.
        settles: For a fact that was asked for: what it settles, such as ``home``.
    """

    row: int
    score: float
    words: float = 0.0
    from_neighbours: float = 0.0
    meaning: float = 0.0
    time: float = 0.0
    pinned: bool = False
    draft_words: float = 0.0
    evidence: float = 0.0
    settles: str = ""


@dataclass(frozen=True, slots=True)
class ScoreParts:
    """The parts of the scores of some rows, each unweighted and as long as ``rows``.

    Attributes:
        own: Word scores before they spread along the conversation.
        words: Word scores after that.
        answers: What flows to ``meaning`` from the question before.
        named: Fit to the named time spans that lie in the past.
        draft_words: Like ``words``, but for the query's own terms alone, with unknown terms counted
            fully.
    """

    rows: Rows
    own: Floats
    words: Floats
    meaning: Floats
    answers: Floats
    sitting: Floats
    time: Floats
    recency: Floats
    importance: Floats
    named: Floats
    draft_words: Floats

    def total(self, weights: RecallWeights) -> Floats:
        """The scores."""
        total: Floats = (
            weights.words * self.words
            + weights.meaning * (self.meaning + self.answers)
            + weights.sitting * self.sitting
            + weights.time * self.time
            + weights.recency * self.recency
            + weights.importance * self.importance
        )
        return total


def recall(
    index: MemoryIndex, query: RecallQuery, count: int, weights: RecallWeights = RecallWeights()
) -> list[RecallHit]:
    """The rows that best match a query: pinned ones, then by score; no near-duplicates."""
    allowed = allowed_rows(index, query)
    pinned = pinned_hits(index, allowed)
    allowed[[hit.row for hit in pinned]] = False
    best = _hits(score_parts(index, query, allowed, weights), weights, 2 * count)
    return _without_duplicates(index, pinned + best, weights.alike)[:count]


def allowed_rows(index: MemoryIndex, query: RecallQuery) -> NDArray[np.bool_]:
    """Which rows of the index a query may find, as a new array."""
    allowed = index.shown.copy()
    allowed[query.excluded] = False
    return allowed


def pinned_hits(index: MemoryIndex, allowed: NDArray[np.bool_]) -> list[RecallHit]:
    """The pinned ones among the allowed rows, which are recalled whatever is asked."""
    rows = np.flatnonzero(index.pinned & allowed)
    return [RecallHit(int(row), np.inf, pinned=True) for row in rows]


def score_parts(
    index: MemoryIndex, query: RecallQuery, allowed: NDArray[np.bool_], weights: RecallWeights
) -> ScoreParts:
    """The candidates among the allowed rows, with the parts of their scores.

    Args:
        weights: Only matters for which parts are switched off.
    """
    words, known_share = _word_scores(index, query.terms)
    vector_query = None if query.vector is None else index.vectors.query(query.vector)
    rows = _candidates(index, query, words, vector_query, allowed, weights)
    draft_words = words
    if query.own is not None and query.own != query.terms:
        draft_words, known_share = _word_scores(index, query.own)
    spread_words = _with_spread(index, words, rows, weights)
    spread_draft_words = (
        spread_words if draft_words is words else _with_spread(index, draft_words, rows, weights)
    )
    past = [span for span in query.spans if span.end <= query.now - DAY]
    none = np.zeros(len(rows), np.float32)
    created = index.created[rows]
    own, _ = _by_question(index, words[rows], rows, weights)
    meaning = none if vector_query is None else vector_query.cosines(rows)
    meaning, answers = _by_question(index, meaning, rows, weights)
    return ScoreParts(
        rows=rows,
        own=own,
        words=spread_words,
        draft_words=np.float32(known_share) * spread_draft_words,
        meaning=meaning,
        answers=answers,
        sitting=_best_of_sitting(index, rows, words[rows]),
        time=dates.fit(created, query.spans) if query.spans else none,
        recency=np.exp2(-np.maximum(query.now - created, 0) / HALF_LIFE).astype(np.float32),
        importance=index.importance[rows],
        named=dates.fit(created, past) if past else none,
    )


def _word_scores(index: MemoryIndex, terms: Mapping[str, float]) -> tuple[Floats, float]:
    """Every row's score, and the norm it was divided by as a share of the full norm.

    The full norm counts terms that no memory contains like the rarest possible term.
    """
    idf = np.array([weight * index.words.idf(term) for term, weight in terms.items()])
    weights = np.fromiter(terms.values(), np.float64, len(terms))
    unknown = np.where(idf == 0, weights * index.words.idf_of_unknown, 0.0)
    norm = float(np.linalg.norm(idf + UNKNOWN * unknown))
    full_norm = float(np.linalg.norm(idf + unknown))
    if not norm:
        return np.zeros(len(index), np.float32), 1.0
    scores = index.words.scores({term: weight / norm for term, weight in terms.items()})
    return scores, norm / full_norm


def _candidates(
    index: MemoryIndex,
    query: RecallQuery,
    words: Floats,
    vector_query: VectorQuery | None,
    allowed: NDArray[np.bool_],
    weights: RecallWeights,
) -> Rows:
    pools: list[Rows] = []
    if weights.words:
        matching = np.flatnonzero((words > 0) & allowed)
        pools.append(matching[top(words[matching], POOL)])
    if vector_query is not None and weights.meaning:
        pools.append(vector_query.nearest(allowed, POOL))
    if query.spans and weights.time:
        pools.append(_in_time(index, query.spans, words, allowed))
    if not pools:
        return np.zeros(0, np.int64)
    rows = np.concatenate(pools)
    if weights.neighbours:
        rows = with_neighbours(rows, index.before, index.after)
    else:
        rows = np.unique(rows)
    return rows[allowed[rows]]


def _in_time(
    index: MemoryIndex, spans: Sequence[TimeSpan], words: Floats, allowed: NDArray[np.bool_]
) -> Rows:
    moments = index.created
    in_span = np.zeros(len(moments), np.bool_)
    for span in spans:
        in_span |= (moments >= span.start) & (moments < span.end + DAY)
    rows = np.flatnonzero(in_span & allowed)
    return rows[top(words[rows], POOL)]


def _hits(parts: ScoreParts, weights: RecallWeights, count: int) -> list[RecallHit]:
    total = parts.total(weights)
    meaning, time = weights.meaning * parts.meaning, weights.time * parts.time
    answers = weights.meaning * parts.answers
    draft_words = weights.words * parts.draft_words
    # "Today" and "last night" are no evidence: people say them all day about what just happened.
    evidence = draft_words + meaning + answers + weights.time * parts.named
    return [
        RecallHit(
            int(parts.rows[i]),
            float(total[i]),
            words=weights.words * float(parts.own[i]),
            from_neighbours=weights.words * float(parts.words[i] - parts.own[i])
            + float(answers[i]),
            meaning=float(meaning[i]),
            time=float(time[i]),
            draft_words=float(draft_words[i]),
            evidence=float(evidence[i]),
        )
        for i in top(total, count)
    ]


def _with_spread(index: MemoryIndex, scores: Floats, rows: Rows, weights: RecallWeights) -> Floats:
    """The scores of some rows plus what flows to them from their neighbours."""
    own, answers = _by_question(index, scores[rows], rows, weights)
    if not weights.neighbours:
        return own + answers
    return spread_scores(scores, rows, index.before, index.after) - scores[rows] + own + answers


def _by_question(
    index: MemoryIndex, scores: Floats, rows: Rows, weights: RecallWeights
) -> tuple[Floats, Floats]:
    """The scores of some rows as statements, and what flows to them from the question before."""
    if not weights.questions:
        return scores, np.zeros(len(rows), np.float32)
    shares = index.question[rows]
    return discounted(scores, shares), from_question_before(scores, shares, rows, index.before)


def _best_of_sitting(index: MemoryIndex, rows: Rows, own: Floats) -> Floats:
    sittings, position = np.unique(index.sitting[rows], return_inverse=True)
    best = np.zeros(len(sittings), np.float32)
    np.maximum.at(best, position, own)
    return best[position]


def _without_duplicates(index: MemoryIndex, hits: list[RecallHit], alike: float) -> list[RecallHit]:
    """Leave out hits that duplicate a better one; rows without a vector all stay."""
    if alike > 1 or not hits:
        return hits
    vectors = index.vectors.gather(np.array([hit.row for hit in hits]))
    duplicates = np.triu(cosine(vectors[:, None], vectors), 1) >= alike
    kept: list[RecallHit] = []
    dropped = np.zeros(len(hits), np.bool_)
    for place, hit in enumerate(hits):
        if not dropped[place]:
            kept.append(hit)
            dropped |= duplicates[place]
    return kept
