"""Searches one character's memories for what a draft calls for: by index, or by the database.

Asks the embedder for the draft's vector and waits for it only briefly; ``recall`` ranks. A question
for what was said at some time, on no topic, is answered from that time alone (``said_when``), and
one about the user first of all by the facts that settle it (``about_user``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rpterm.memory.embedding.embed import Embedder
from rpterm.memory.indexing.index import MemoryIndex
from rpterm.memory.indexing.live_index import LiveIndex
from rpterm.memory.indexing.words import with_speaker
from rpterm.memory.search.blocked_topics import BlockedTopics, Topic, about_topics
from rpterm.memory.search.dates import TimeSpan
from rpterm.memory.search.fallback_search import search_database
from rpterm.memory.search.recall import (
    Floats,
    RecallHit,
    RecallQuery,
    allowed_rows,
    pinned_hits,
    recall,
)
from rpterm.memory.search.relevance import distinctive, is_relevant, says_something
from rpterm.memory.search.said_when import LAST_TIME, Said, Who, most_telling, sitting_start
from rpterm.memory.search.text_query import RecallRequest, TextQuery
from rpterm.store.memory.distilled import Distilled
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.records import Memory
from rpterm.store.memory.sources import MemorySources
from rpterm.types import Turn

_CANDIDATES = 40
_OF_ONE_TIME = 400
"""Lines of a time among which the telling ones are looked for, newest first."""
_MOST_FACTS = 4
"""Facts recalled because of what they settle."""
_BY_IMPORTANCE = 0.25
"""What importance counts among those, against the cosine similarity."""
_EMBED_WAIT = 0.3
_SYNC_WAIT = 0.02
_RERANKED = 30
_RANK_WAIT = 1.0

Found = list[tuple[Memory, RecallHit]]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]


class Searcher:
    """The search for one character.

    Args:
        embedder: Makes vectors; ``None`` compares words alone.
        distilled: The facts, by what they settle.

    Attributes:
        character: The card's name.
    """

    def __init__(
        self,
        memories: Memories,
        live: LiveIndex,
        character: str,
        embedder: Embedder | None,
        distilled: Distilled,
    ) -> None:
        self.character = character
        self._memories = memories
        self._live = live
        self._embedder = embedder
        self._distilled = distilled
        self._now = memories.store.now
        self._sources = MemorySources(memories)
        self._topics = BlockedTopics(embedder)

    def search(self, request: RecallRequest) -> Found:
        """Candidates best first, without irrelevant ones and without blocked topics."""
        if not self._live.loaded:
            return search_database(self._memories, self.character, request)[:_CANDIDATES]
        self._live.follow(_SYNC_WAIT)
        search, vector = request.search, None
        if self._embedder is not None and search.text:
            vector = self._embedder.encode_now(search.text, _EMBED_WAIT)
        topics = self._topics.of(request.phrases, 0 if vector is None else len(vector))
        found, meaning = self._find(request, vector, topics)
        if search.said is not None:
            return found
        found = _relevant(found, search, meaning=meaning)
        return self._reranked(self._of_user(found) if search.of_user else found, search)

    def _of_user(self, found: Found) -> Found:
        """Without what the character said: it may have made that up, and is believed for ever."""
        by_user = self._sources.said_by_user([row.turn_id for row, _ in found if row.turn_id])
        return [
            (row, hit)
            for row, hit in found
            if hit.pinned or row.turn_id is None or row.turn_id in by_user
        ]

    def _find(
        self, request: RecallRequest, vector: Floats | None, topics: Sequence[Topic]
    ) -> tuple[Found, bool]:
        """What the index finds without blocked topics, and whether embeddings took part."""
        search = request.search
        facts = self._distilled.user_facts(self.character, search.slots)
        with self._live.lock:
            index = self._live.index
            self._live.show(request.chat_id, [turn.id for turn in request.path])
            if vector is not None and len(vector) != index.vectors.dim:
                vector = None
            excluded = index.rows_of_turns(request.chat_id, request.in_prompt)
            if not search.about_past:
                excluded = np.concatenate([excluded, index.outdated()])
            query = RecallQuery(
                search.terms, vector, search.spans, self._now(), excluded, search.own
            )
            if search.said is not None:
                hits = self._said_then(index, query, search.said, request.path)
            else:
                hits = recall(index, query, _CANDIDATES)
            hits = _with_facts(hits, _settling(index, query, facts))
            ids = index.ids[[hit.row for hit in hits]].tolist()
            vectors = index.vectors.gather(np.array([hit.row for hit in hits], np.int64))
        rows = self._memories.get_many(ids)
        speakers = [rows[i].speaker if i in rows else "" for i in ids]
        blocked = about_topics(topics if vector is not None else (), vectors, speakers)
        found = [
            (rows[i], hit)
            for i, hit, is_blocked in zip(ids, hits, blocked, strict=True)
            if i in rows and (hit.pinned or not is_blocked)
        ]
        return found, vector is not None

    def _reranked(self, found: Found, search: TextQuery) -> Found:
        """The first hits in the order of the cross-encoder, if the user named one."""
        rank = getattr(self._embedder, "rank", None)
        if rank is None:
            return found
        pinned = [item for item in found if _is_asked_for(item[1])]
        others = [item for item in found if not _is_asked_for(item[1])]
        first, rest = others[:_RERANKED], others[_RERANKED:]
        texts = [with_speaker(row.speaker, row.text) for row, _ in first]
        scores = rank(search.text, texts, _RANK_WAIT)
        if scores is not None:
            first = [first[i] for i in np.argsort(-scores, kind="stable")]
        return pinned + first + rest

    def _said_then(
        self, index: MemoryIndex, query: RecallQuery, said: Said, path: Sequence[Turn]
    ) -> list[RecallHit]:
        """Pinned memories, and the telling lines of the time that was asked for."""
        spans = query.spans or _last_time(index, path, query.now)
        allowed = allowed_rows(index, query)
        rows = _newest_within(index, spans, allowed & ~index.pinned)
        row_of = dict(zip(index.ids[rows].tolist(), rows.tolist(), strict=True))
        memories = self._by_whom(list(self._memories.get_many(row_of).values()), said.whose)
        hits = pinned_hits(index, allowed)
        for memory, score in most_telling(memories, index.words.idf)[:_CANDIDATES]:
            hits.append(RecallHit(row_of[memory.id], 1 + score, time=1.0, evidence=1 + score))
        return hits

    def _by_whom(self, memories: Sequence[Memory], whose: Who) -> list[Memory]:
        """Those that rest on words of the user, or of the character."""
        if whose == "both":
            return list(memories)
        by_user = self._sources.said_by_user([m.turn_id for m in memories if m.turn_id])
        return [m for m in memories if (m.turn_id in by_user) == (whose == "user")]


def _relevant(found: Found, search: TextQuery, *, meaning: bool) -> Found:
    """The memories that have enough to do with the draft; see ``relevance``."""
    draft_terms = distinctive(search.own)
    return [
        (row, hit)
        for row, hit in found
        if _is_asked_for(hit)
        or (
            says_something(row.text)
            and is_relevant(hit, with_speaker(row.speaker, row.text), draft_terms, meaning=meaning)
        )
    ]


def _is_asked_for(hit: RecallHit) -> bool:
    """Whether it needs no other evidence: pinned, or the fact that settles the question."""
    return hit.pinned or bool(hit.settles)


def _settling(index: MemoryIndex, query: RecallQuery, facts: Mapping[int, str]) -> list[RecallHit]:
    """The facts that settle what was asked: the closest, weightiest and newest ones."""
    allowed = allowed_rows(index, query)
    rows = {int(index.ids[row]): row for row in index.rows_of(facts) if allowed[row]}
    ids = [memory_id for memory_id in facts if memory_id in rows]
    at = np.array([rows[i] for i in ids], np.int64)
    weight = _BY_IMPORTANCE * index.importance[at]
    if query.vector is not None:
        weight = weight + index.vectors.gather(at) @ query.vector
    ids = [ids[place] for place in np.argsort(-weight, kind="stable")]
    return [RecallHit(rows[i], 1.0, evidence=1.0, settles=facts[i]) for i in ids[:_MOST_FACTS]]


def _with_facts(hits: Sequence[RecallHit], facts: Sequence[RecallHit]) -> list[RecallHit]:
    """Pinned memories, then the facts, then the other hits."""
    pinned = [hit for hit in hits if hit.pinned]
    settled = {hit.row for hit in facts}
    others = [hit for hit in hits if not hit.pinned and hit.row not in settled]
    return [*pinned, *facts, *others]


def _last_time(index: MemoryIndex, path: Sequence[Turn], now: float) -> tuple[TimeSpan, ...]:
    sitting = index.last_sitting(sitting_start([turn.created_at for turn in path], now))
    return () if sitting is None else (TimeSpan(sitting[0], sitting[1] + 1, LAST_TIME),)


def _newest_within(index: MemoryIndex, spans: Sequence[TimeSpan], allowed: Mask) -> Rows:
    within = np.zeros(len(index), np.bool_)
    for span in spans:
        within |= (index.created >= span.start) & (index.created < span.end)
    rows = np.flatnonzero(within & allowed)
    newest: Rows = rows[np.argsort(-index.created[rows], kind="stable")][:_OF_ONE_TIME]
    return newest
