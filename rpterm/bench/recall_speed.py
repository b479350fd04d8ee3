"""Latency of recall with 10,000 memories and more, and the accuracy of its index.

``speed`` times a complete ``CharacterMemory.recall`` on a database file like a user's: chats whose
words follow Zipf's law, with every tenth turn on an abandoned branch; the query is a draft of
common and rare words after the turns of its chat. Only the embedding of the draft is left out: its
vector is available at once. ``accuracy`` compares the index with exhaustive search over all
vectors.

The vectors are the sum of a common direction, one of 5,000 topics, and noise. That gives the
cosines of all-MiniLM-L6-v2 on dialogue: 0.24 between unrelated lines, 0.6 to 0.9 to the nearest.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rpterm.bench.store import insert_chat, talk
from rpterm.memory.character_memory import CharacterMemory
from rpterm.memory.embedding.embed import State
from rpterm.memory.indexing.vector_index import VectorIndex
from rpterm.store import Store
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.records import wording_hash
from rpterm.store.memory.vectors import MemoryVectors

SIZES = (10_000, 100_000)
GOAL_MS = {10_000: 5.0, 100_000: 20.0, 1_000_000: 50.0}
DIM = 384
QUERIES = 100
_CHAT_TURNS = 100
_TURN_WORDS, _DRAFT_WORDS = 20, 12
_BUDGET = 400
_BLOCK = 10_000

Floats = NDArray[np.float32]
Figures = dict[str, float]


def measure(memories: int) -> Figures:
    """All figures for one size; ``peak_ram_mb`` is that of the whole process."""
    figures: Figures = {"memories": memories}
    with tempfile.TemporaryDirectory(prefix="rpterm-bench-") as folder:
        path = Path(folder) / "bench.db"
        figures |= fill(path, memories)
        figures |= speed(path, GOAL_MS.get(memories, 0.0))
    figures["peak_ram_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    figures["recall@10_of_exact"] = accuracy(memories)
    return figures


class RandomVectors:
    """A random stream of unit vectors that resemble embeddings."""

    def __init__(self) -> None:
        self._draw = np.random.default_rng(11)
        self._topics = self._noise(5_000)
        self._common = self._noise(1)

    def make(self, count: int) -> Floats:
        """The next ``count`` vectors, one per row."""
        topic = self._topics[self._draw.integers(0, len(self._topics), count)]
        rows = 0.7 * self._common + topic + 0.7 * self._noise(count)
        unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def _noise(self, count: int) -> Floats:
        return self._draw.standard_normal((count, DIM), dtype=np.float32)


class InstantEmbedder:
    """An embedder that takes its vectors from a list, in no time."""

    model = "bench"
    dim = DIM
    state: State = "ready"

    def __init__(self, vectors: Iterator[Floats]) -> None:
        self._vectors = vectors

    def start(self) -> None: ...

    def close(self) -> None: ...

    def encode_now(self, text: str, timeout: float) -> Floats | None:
        return next(self._vectors)

    def encode(self, texts: Sequence[str]) -> Floats:
        raise NotImplementedError("every memory of this database has its vector")

    def start_encoding(self, texts: Sequence[str]) -> Callable[[], Floats]:
        raise NotImplementedError("nothing is scored here")


def fill(path: Path, memories: int) -> Figures:
    """Write a database with so many memories and their vectors; returns its size on disk."""
    lines, vectors = talk(5, _TURN_WORDS), RandomVectors()
    vectors.make(QUERIES)
    with Store(path) as store:
        room, kept = Memories(store), MemoryVectors(store)
        for first in range(1, memories + 1, _CHAT_TURNS):
            chat_id = store.create_chat(card_name="Bench", card_hash="0").id
            texts = list(islice(lines, _CHAT_TURNS))
            insert_chat(path, chat_id, texts)
            room.remember_turns(range(first, first + len(texts)))
            rows = vectors.make(len(texts)).astype("<f4")
            hashes = [wording_hash("", text) for text in texts]
            kept.put(
                InstantEmbedder.model,
                [(k, row.tobytes()) for k, row in zip(hashes, rows, strict=True)],
            )
    return {"disk_mb": round(path.stat().st_size / 2**20)}


def speed(path: Path, goal: float) -> Figures:
    """Milliseconds of a complete recall, and of queueing a turn to be remembered.

    ``cpu_p95_ms`` is CPU time, which excludes what other programs took.
    """
    drafts = talk(6, _DRAFT_WORDS)
    wall, cpu, queued = [], [], []
    with Store(path) as store:
        memory = CharacterMemory(
            store, "Bench", InstantEmbedder(iter(RandomVectors().make(QUERIES + 1)))
        )
        start = time.perf_counter()
        memory.start()
        memory.settled()
        loaded = time.perf_counter() - start
        chat = store.chats(card_name="Bench", limit=1)[0]
        turns = store.path(chat.leaf_id or 0)
        memory.recall(chat.id, turns, next(drafts), _BUDGET, _tokens)
        for draft in islice(drafts, QUERIES):
            began, began_cpu = time.perf_counter(), time.thread_time()
            memory.recall(chat.id, turns, draft, _BUDGET, _tokens)
            cpu.append(1000 * (time.thread_time() - began_cpu))
            wall.append(1000 * (time.perf_counter() - began))
        for turn in turns:
            began = time.perf_counter()
            memory.remember(turn.id)
            queued.append(1000 * (time.perf_counter() - began))
        memory.close()
    return {
        "p50_ms": _percentile(wall, 50),
        "p95_ms": _percentile(wall, 95),
        "cpu_p95_ms": _percentile(cpu, 95),
        "goal_p95_ms": goal,
        "remember_p95_ms": _percentile(queued, 95),
        "load_s": round(loaded, 1),
    }


def accuracy(memories: int) -> float:
    """The share of the ten nearest vectors that the index finds (recall@10)."""
    vectors = RandomVectors()
    queries = vectors.make(QUERIES)
    index, exact = VectorIndex(DIM), _ExactNearest(queries)
    index.reserve(memories)
    for first in range(0, memories, _BLOCK):
        block = vectors.make(min(_BLOCK, memories - first))
        index.put_many(np.arange(first, first + len(block)), block)
        exact.add(first, block)
    found = [index.query(query).nearest(index.has_vector, 10) for query in queries]
    shared = [len(np.intersect1d(*pair)) / 10 for pair in zip(found, exact.rows, strict=True)]
    return round(float(np.mean(shared)), 4)


class _ExactNearest:
    """The ten nearest rows of each query, by exhaustive search over a stream of blocks."""

    def __init__(self, queries: Floats) -> None:
        self._queries = queries
        self.rows = np.zeros((len(queries), 0), np.int64)
        self._cosines = np.zeros((len(queries), 0), np.float32)

    def add(self, first: int, block: Floats) -> None:
        numbers = np.broadcast_to(
            np.arange(first, first + len(block)), (len(self._queries), len(block))
        )
        cosines = np.concatenate([self._cosines, self._queries @ block.T], axis=1)
        rows = np.concatenate([self.rows, numbers], axis=1)
        best = np.argpartition(-cosines, 9, axis=1)[:, :10]
        self._cosines = np.take_along_axis(cosines, best, axis=1)
        self.rows = np.take_along_axis(rows, best, axis=1)


def _tokens(text: str) -> int:
    return len(text) // 4


def _percentile(values: Sequence[float], percent: int) -> float:
    return round(float(np.percentile(values, percent)), 3)
