"""How long the end of recall takes, and how good its index is, at 10,000 to 1,000,000 memories.

    python tests/bench/recall.py [--large] [--json] [--vectors FILE.npy]

Texts follow Zipf's law over 30,000 words in chats of 50 turns. Vectors are the sum of a common
direction, one of 5,000 topics, and noise, which gives cosines as all-MiniLM-L6-v2 gives them on
talk (0.24 between strangers, 0.6 to 0.9 to the nearest); with ``--vectors`` real ones are mixed
two by two instead. The embedding of the query is not part of the time, the database is not either.
``cpu_p95_ms`` is the time without what other programs took.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

from rpterm.memory.index import Entry, MemoryIndex
from rpterm.memory.meaning import VectorIndex
from rpterm.memory.recall import Query, recall

DIM = 384
SIZES = (10_000, 100_000)
LARGE = 1_000_000
GOAL_MS = {10_000: 5.0, 100_000: 20.0, 1_000_000: 50.0}
QUERIES = 100
CHAT_TURNS = 50
WORDS = 30_000
TURN_WORDS = 15
QUERY_WORDS = 8


class Vectors:
    """A stream of unit vectors that resemble embeddings."""

    def __init__(self, real: np.ndarray | None) -> None:
        self.draw = np.random.default_rng(11)
        self.real = real
        self.topics = self.draw.standard_normal((5_000, DIM)).astype(np.float32)
        self.common = self.draw.standard_normal(DIM).astype(np.float32)

    def make(self, count: int) -> np.ndarray:
        if self.real is not None:
            a, b = (self.real[self.draw.integers(0, len(self.real), count)] for _ in range(2))
            share = self.draw.uniform(0.5, 0.95, (count, 1)).astype(np.float32)
            rows = share * a + (1 - share) * b + 0.01 * self._noise(count)
        else:
            topic = self.topics[self.draw.integers(0, len(self.topics), count)]
            rows = 0.7 * self.common + topic + 0.7 * self._noise(count)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def _noise(self, count: int) -> np.ndarray:
        return self.draw.standard_normal((count, DIM), dtype=np.float32)


class Nearest:
    """The true ten nearest rows of each query, by comparing all while they stream past."""

    def __init__(self, queries: np.ndarray) -> None:
        self.queries = queries
        self.rows = np.zeros((len(queries), 0), np.int64)
        self.cosines = np.zeros((len(queries), 0), np.float32)

    def see(self, first: int, block: np.ndarray) -> None:
        numbers = np.broadcast_to(
            np.arange(first, first + len(block)), (len(self.queries), len(block))
        )
        cosines = np.concatenate([self.cosines, self.queries @ block.T], axis=1)
        rows = np.concatenate([self.rows, numbers], axis=1)
        best = np.argpartition(-cosines, 9, axis=1)[:, :10]
        self.cosines = np.take_along_axis(cosines, best, axis=1)
        self.rows = np.take_along_axis(rows, best, axis=1)


class Zipf:
    """Words as often as in a language."""

    def __init__(self, seed: int) -> None:
        self.draw = np.random.default_rng(seed)
        chances = 1 / np.arange(1, WORDS + 1)
        self.edges = np.cumsum(chances / chances.sum())

    def line(self, count: int) -> list[str]:
        return [f"w{word}" for word in np.searchsorted(self.edges, self.draw.random(count))]


def build(size: int, vectors: Vectors, nearest: Nearest) -> MemoryIndex:
    """An index of ``size`` turns in chats of ``CHAT_TURNS``."""
    zipf = Zipf(5)
    index = MemoryIndex(VectorIndex(DIM))
    index.vectors.reserve(size)
    for start in range(0, size, CHAT_TURNS):
        chat = start // CHAT_TURNS + 1
        turns = range(start + 1, start + CHAT_TURNS + 1)
        for turn in turns:
            index.add(Entry(turn, chat, turn, created=60.0 * turn), zipf.line(TURN_WORDS))
        index.show(chat, turns)
    index.words.merge()
    for start in range(0, size, 10_000):
        block = vectors.make(min(10_000, size - start))
        index.vectors.put_many(np.arange(start, start + len(block)), block)
        nearest.see(start, block)
    return index


def measure(size: int, real: np.ndarray | None) -> dict[str, float]:
    """Milliseconds of the whole recall, and the share of the true ten nearest that it finds."""
    vectors = Vectors(real)
    nearest = Nearest(vectors.make(QUERIES))
    start = time.perf_counter()
    index = build(size, vectors, nearest)
    built = time.perf_counter() - start
    zipf = Zipf(6)
    wall, busy, found = [], [], []
    for asked, true in zip(nearest.queries, nearest.rows, strict=True):
        query = Query(dict.fromkeys(zipf.line(QUERY_WORDS), 1.0), asked, now=60.0 * size)
        start, start_busy = time.perf_counter(), time.thread_time()
        recall(index, query, 10)
        busy.append(1000 * (time.thread_time() - start_busy))
        wall.append(1000 * (time.perf_counter() - start))
        rows = index.vectors.ask(asked).nearest(index.shown, 10)
        found.append(len(set(true.tolist()) & set(rows.tolist())) / 10)
    return {
        "memories": size,
        "p50_ms": round(float(np.percentile(wall, 50)), 2),
        "p95_ms": round(float(np.percentile(wall, 95)), 2),
        "cpu_p95_ms": round(float(np.percentile(busy, 95)), 2),
        "goal_p95_ms": GOAL_MS.get(size, 0.0),
        "recall@10_of_exact": round(float(np.mean(found)), 4),
        "build_s": round(built, 1),
        "peak_ram_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="a million memories, too")
    parser.add_argument("--only", type=int, help="this size alone")
    parser.add_argument("--vectors", type=Path, help="real embeddings, float32, 384 wide")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    real = None if options.vectors is None else np.load(options.vectors)
    sizes = SIZES + ((LARGE,) if options.large else ())
    sizes = (options.only,) if options.only else sizes
    rows = [measure(size, real) for size in sizes]
    if options.json:
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    for row in rows:
        sys.stdout.write("  ".join(f"{name} {value:,}" for name, value in row.items()) + "\n")


if __name__ == "__main__":
    main()
