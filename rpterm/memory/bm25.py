"""BM25 over numbered rows, all rows scored at once. Knows no texts, only terms and row numbers.

Okapi BM25 (Robertson and Zaragoza 2009) with k1 = 0.9 and b = 0.4, the pair of Anserini: turns of
a chat are short and of similar length, so length should count for little. Postings live in two
arrays (rows, counts) sorted by term, with a tail of new rows in dictionaries that is merged in
when it has grown; a row is 4 + 1 bytes for each distinct term.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

K1 = 0.9
B = 0.4
MOST_POSTINGS = 400_000
"""Postings visited for one query; beyond it the commonest terms, which say least, are left out."""

_MERGE_AT = 20_000
_LONGEST = 65_535


class WordIndex:
    """Terms to rows. Rows are numbered by the caller from 0 without holes."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._starts = np.zeros(1, np.int64)
        self._rows = np.zeros(0, np.int32)
        self._counts = np.zeros(0, np.uint8)
        self._tail: dict[int, array[int]] = {}  # row, count, row, count, …
        self._tail_size = 0
        self._lengths = np.zeros(1024, np.uint16)
        self._longest = 0
        self._size = 0
        self._total = 0

    def __len__(self) -> int:
        return self._size

    def add(self, terms: Sequence[str]) -> int:
        """Append a row; returns its number."""
        row = self._size
        if row == len(self._lengths):
            self._lengths = np.resize(self._lengths, 2 * row)
        self._lengths[row] = min(len(terms), _LONGEST)
        self._longest = max(self._longest, int(self._lengths[row]))
        for term, count in Counter(terms).items():
            number = self._number.setdefault(term, len(self._number))
            self._tail.setdefault(number, array("i")).extend((row, min(count, 255)))
            self._tail_size += 1
        self._size += 1
        self._total += len(terms)
        if self._tail_size > max(_MERGE_AT, len(self._rows) // 4):
            self.merge()
        return row

    def extend(self, many: Iterable[Sequence[str]]) -> None:
        """Append many rows."""
        for terms in many:
            self.add(terms)

    def merge(self) -> None:
        """Move the tail into the sorted arrays."""
        if not self._tail_size:
            return
        sizes = [self._held(number) for number in range(len(self._number))]
        starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        rows, counts = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.uint8)
        # Term by term, though sorting all at once is shorter: that takes four times the RAM.
        for number, (start, end) in enumerate(pairwise(starts.tolist())):
            rows[start:end], counts[start:end] = self._postings(number)
        self._rows, self._counts, self._starts = rows, counts, starts
        self._tail, self._tail_size = {}, 0

    def idf(self, term: str) -> float:
        """How much a term tells, by the rows that hold it; 0 for one never seen."""
        number = self._number.get(term)
        held = 0 if number is None else self._held(number)
        return math.log(1 + (self._size - held + 0.5) / (held + 0.5)) if held else 0.0

    @property
    def rarest(self) -> float:
        """What a term would tell that no row holds."""
        return math.log(1 + (self._size + 0.5) / 0.5)

    def scores(self, query: Mapping[str, float]) -> NDArray[np.float32]:
        """Score every row.

        Args:
            query: Terms and how much each counts.

        Returns:
            One number for each row, 0 where no term occurs.
        """
        out = np.zeros(self._size, np.float32)
        if not self._size:
            return out
        mean = max(self._total / self._size, 1.0)
        norms = (K1 * (1 - B + B / mean * np.arange(self._longest + 1))).astype(np.float32)
        known = [(self._held(self._number[t]), t) for t in query if t in self._number]
        visited = 0
        for held, term in sorted(known):
            visited += held
            if visited > MOST_POSTINGS and visited > held:
                break
            rows, times = self._postings(self._number[term])
            counts = times.astype(np.float32)
            worth = np.float32(query[term] * self.idf(term) * (K1 + 1))
            out[rows] += worth * counts / (counts + norms[self._lengths[rows]])
        return out

    def _held(self, number: int) -> int:
        base = 0
        if number + 1 < len(self._starts):
            base = int(self._starts[number + 1] - self._starts[number])
        return base + len(self._tail.get(number, ())) // 2

    def _postings(self, number: int) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        rows, counts = self._rows[:0], self._counts[:0]
        if number + 1 < len(self._starts):
            here = slice(self._starts[number], self._starts[number + 1])
            rows, counts = self._rows[here], self._counts[here]
        late = self._tail.get(number)
        if late:
            columns = _pairs(late)
            rows = np.concatenate([rows, columns[:, 0]])
            counts = np.concatenate([counts, columns[:, 1].astype(np.uint8)])
        return rows, counts


def _pairs(flat: array[int]) -> NDArray[np.int32]:
    return np.array(flat, np.int32).reshape(-1, 2)


def query_terms(weighted: Iterable[tuple[Sequence[str], float]]) -> dict[str, float]:
    """Merge texts of different weight into one query: a term keeps its largest weight."""
    query: dict[str, float] = {}
    for terms, weight in weighted:
        for term, count in Counter(terms).items():
            query[term] = max(query.get(term, 0.0), weight * count)
    return query
