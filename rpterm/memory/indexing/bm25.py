"""BM25 scores of all numbered rows for one query. Knows terms and row numbers, never texts.

Okapi BM25 (Robertson and Zaragoza 2009) with k1 = 0.9 and b = 0.4, the values Anserini uses: turns
of a chat are short and similar in length, so length should count for little. The postings are two
arrays (rows and counts) sorted by term. New rows go into a tail of dictionaries that is merged into
the arrays once it has grown. A row takes 4 + 1 bytes per distinct term.
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
"""Limit on postings visited per query; beyond it the commonest, least telling terms are skipped."""

_MERGE_SIZE = 20_000
_MAX_LENGTH = 65_535


class WordIndex:
    """An inverted index from terms to rows. The caller numbers the rows from 0 without gaps."""

    def __init__(self) -> None:
        self._term_numbers: dict[str, int] = {}
        self._starts = np.zeros(1, np.int64)
        self._rows = np.zeros(0, np.int32)
        self._counts = np.zeros(0, np.uint8)
        self._tail: dict[int, array[int]] = {}  # row, count, row, count, …
        self._tail_size = 0
        self._lengths = np.zeros(1024, np.uint16)
        self._max_length = 0
        self._size = 0
        self._term_total = 0

    def __len__(self) -> int:
        return self._size

    def add(self, terms: Sequence[str]) -> int:
        """Append a row and return its number."""
        row = self._size
        if row == len(self._lengths):
            self._lengths = np.resize(self._lengths, 2 * row)
        self._lengths[row] = min(len(terms), _MAX_LENGTH)
        self._max_length = max(self._max_length, int(self._lengths[row]))
        for term, count in Counter(terms).items():
            number = self._term_numbers.setdefault(term, len(self._term_numbers))
            self._tail.setdefault(number, array("i")).extend((row, min(count, 255)))
            self._tail_size += 1
        self._size += 1
        self._term_total += len(terms)
        if self._tail_size > max(_MERGE_SIZE, len(self._rows) // 4):
            self.merge()
        return row

    def merge(self) -> None:
        """Move the tail into the sorted arrays."""
        if not self._tail_size:
            return
        sizes = [self._row_count(number) for number in range(len(self._term_numbers))]
        starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        rows, counts = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.uint8)
        # One term at a time: sorting everything at once is shorter but takes four times the RAM.
        for number, (start, end) in enumerate(pairwise(starts.tolist())):
            rows[start:end], counts[start:end] = self._postings(number)
        self._rows, self._counts, self._starts = rows, counts, starts
        self._tail, self._tail_size = {}, 0

    def idf(self, term: str) -> float:
        """The inverse document frequency of a term; 0 for a term no row contains."""
        number = self._term_numbers.get(term)
        frequency = 0 if number is None else self._row_count(number)
        if not frequency:
            return 0.0
        return math.log(1 + (self._size - frequency + 0.5) / (frequency + 0.5))

    @property
    def idf_of_unknown(self) -> float:
        """The inverse document frequency of a term that no row contains."""
        return math.log(1 + (self._size + 0.5) / 0.5)

    def scores(self, query: Mapping[str, float]) -> NDArray[np.float32]:
        """Score every row.

        Args:
            query: Terms and their weights.

        Returns:
            One number per row, 0 where no term of the query occurs.
        """
        scores = np.zeros(self._size, np.float32)
        if not self._size:
            return scores
        mean = max(self._term_total / self._size, 1.0)
        norms = (K1 * (1 - B + B / mean * np.arange(self._max_length + 1))).astype(np.float32)
        known = [term for term in query if term in self._term_numbers]
        frequencies = [(self._row_count(self._term_numbers[term]), term) for term in known]
        visited = 0
        for frequency, term in sorted(frequencies):
            visited += frequency
            if visited > MOST_POSTINGS and visited > frequency:
                break
            rows, raw_counts = self._postings(self._term_numbers[term])
            counts = raw_counts.astype(np.float32)
            weight = np.float32(query[term] * self.idf(term) * (K1 + 1))
            scores[rows] += weight * counts / (counts + norms[self._lengths[rows]])
        return scores

    def _row_count(self, number: int) -> int:
        """How many rows contain a term."""
        merged = 0
        if number + 1 < len(self._starts):
            merged = int(self._starts[number + 1] - self._starts[number])
        return merged + len(self._tail.get(number, ())) // 2

    def _postings(self, number: int) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        rows, counts = self._rows[:0], self._counts[:0]
        if number + 1 < len(self._starts):
            merged = slice(self._starts[number], self._starts[number + 1])
            rows, counts = self._rows[merged], self._counts[merged]
        tail = self._tail.get(number)
        if tail:
            columns = _as_pairs(tail)
            rows = np.concatenate([rows, columns[:, 0]])
            counts = np.concatenate([counts, columns[:, 1].astype(np.uint8)])
        return rows, counts


def _as_pairs(flat: array[int]) -> NDArray[np.int32]:
    return np.array(flat, np.int32).reshape(-1, 2)


def query_terms(weighted: Iterable[tuple[Sequence[str], float]]) -> dict[str, float]:
    """Merge weighted texts into one query, in which a term keeps its largest weight."""
    query: dict[str, float] = {}
    for terms, weight in weighted:
        for term, count in Counter(terms).items():
            query[term] = max(query.get(term, 0.0), weight * count)
    return query
