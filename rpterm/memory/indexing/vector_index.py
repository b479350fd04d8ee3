"""Nearest neighbours by cosine similarity: exact while that is fast, by sign bits beyond.

Up to ``EXACT_ROWS`` every vector is compared in float32. Beyond that, vectors are kept as 16-bit
fractions, with one bit per dimension for the sign. A scan over the sign bits (48 bytes a row for
384 dimensions) finds a shortlist by Hamming distance, which the vectors rank. A million rows take
816 MB, in RAM only: the database holds the only copy on disk, so nothing else has to be deleted
from. Compared with a graph or cell index, this needs no training and no rebuilding, a row can be
hidden or forgotten at once, and all visible rows are searched whatever share of the index they are.
The price is time proportional to the rows; ``rpterm bench recall`` prints it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

EXACT_ROWS = 20_000
SHORTLIST = 1_500
_BLOCK = 32_768
_COARSE_FACTOR = 16
"""The first half of the bits keeps at least 1/16 of the rows, and at least 16 shortlists' worth."""
_SAMPLE_STEP = 16
_STEPS = np.float32(32_767)
"""Steps between 0 and 1, which no number of a unit vector exceeds."""

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


class VectorIndex:
    """Unit vectors by row number; a row without a vector is never found.

    Args:
        dim: Dimensions of a vector.
        exact_rows: Largest number of rows that is kept and searched exactly.
    """

    def __init__(self, dim: int, exact_rows: int = EXACT_ROWS) -> None:
        self.dim = dim
        self._exact_rows = exact_rows
        self._size = 0
        self._has_vector = np.zeros(256, np.bool_)
        self._vectors: NDArray[Any] = np.zeros((256, dim), np.float32)
        self._bits: NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return self._size

    @property
    def has_vector(self) -> NDArray[np.bool_]:
        """Which rows have a vector."""
        return self._has_vector[: self._size]

    def grow(self, rows: int) -> None:
        """Make room for this many rows, without vectors."""
        if rows > len(self._has_vector):
            self.reserve(2 * rows)
        elif rows > self._exact_rows and self._bits is None:
            self._compress()
        self._size = max(self._size, rows)

    def reserve(self, rows: int) -> None:
        """Allocate memory for this many rows at once; step by step takes half as much again."""
        if rows <= len(self._has_vector):
            return
        if rows > 2 * self._exact_rows and self._bits is None:
            self._compress()
        self._has_vector = _enlarged(self._has_vector, rows)
        self._vectors = _enlarged(self._vectors, rows)
        if self._bits is not None:
            self._bits = np.ascontiguousarray(_enlarged(self._bits.T, rows).T)

    def put(self, row: int, vector: Floats) -> None:
        """Set the vector of one row, normalised to length 1."""
        self.put_many(np.array([row]), vector[None, :])

    def put_many(self, rows: Rows, vectors: Floats) -> None:
        """Set the vectors of several rows, normalised to length 1."""
        if not len(rows):
            return
        self.grow(int(rows.max()) + 1)
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        if self._bits is None:
            self._vectors[rows] = unit
        else:
            self._vectors[rows] = np.rint(unit * _STEPS)
            self._bits[:, rows] = _sign_bits(unit)
        self._has_vector[rows] = True

    def clear(self, row: int) -> None:
        """Forget the vector of one row."""
        if row < self._size:
            self._vectors[row] = 0
            self._has_vector[row] = False

    def gather(self, rows: Rows) -> Floats:
        """The vectors of some rows; zeros for a row without one."""
        vectors: Floats = self._vectors[rows]
        return vectors if self._bits is None else vectors.astype(np.float32) / _STEPS

    def query(self, query: Floats) -> VectorQuery:
        """Begin a search with a unit vector. The result is valid until the index changes."""
        return VectorQuery(self, query)

    def all_cosines(self, query: Floats) -> Floats | None:
        """The cosine similarity of every row, or ``None`` when there are too many rows."""
        if self._bits is not None:
            return None
        return cosine(self._vectors[: self._size], query)

    def shortlist(self, query: Floats, allowed: NDArray[np.bool_], count: int) -> Rows:
        """At least ``count`` allowed rows, if there are as many, that are likely to be nearest."""
        assert self._bits is not None
        query_bits = _sign_bits(query[None, :])[:, 0]
        width = len(query_bits)
        half = (width + 1) // 2
        distance = np.empty(len(allowed), np.uint16)
        for start in range(0, len(allowed), _BLOCK):
            block = slice(start, min(start + _BLOCK, len(allowed)))
            distance[block] = _hamming(self._bits[:half, block], query_bits[:half])
        distance[~allowed] = 64 * half + 1
        coarse_count = max(_COARSE_FACTOR * count, len(allowed) // _COARSE_FACTOR)
        rows = _nearest_places(distance, coarse_count, 64 * half)
        second_half = _hamming(self._bits[half:, rows], query_bits[half:])
        return rows[_nearest_places(distance[rows] + second_half, count, 64 * width)]

    def _compress(self) -> None:
        """Switch to 16-bit fractions and sign bits."""
        self._bits = _sign_bits(self._vectors)
        self._vectors = np.rint(self._vectors * _STEPS).astype(np.int16)


class VectorQuery:
    """One query vector with what was computed for it."""

    def __init__(self, index: VectorIndex, query: Floats) -> None:
        self._index = index
        self._query = query
        self._all = index.all_cosines(query)

    def cosines(self, rows: Rows) -> Floats:
        """Cosine similarity of the query with each row; 0 for rows without a vector."""
        if self._all is not None:
            return self._all[rows]
        return cosine(self._index.gather(rows), self._query)

    def nearest(self, allowed: NDArray[np.bool_], count: int) -> Rows:
        """At most ``count`` of the nearest rows, best first; ``allowed`` has one flag per row."""
        allowed = allowed & self._index.has_vector
        if self._all is not None:
            rows = np.flatnonzero(allowed)
        else:
            rows = self._index.shortlist(self._query, allowed, max(2 * count, SHORTLIST))
        return rows[top(self.cosines(rows), count)]


def cosine(vectors: Floats, other: Floats) -> Floats:
    """Dot products of unit vectors along the last axis, computed in this thread alone.

    ``@`` wakes one BLAS thread per core and waits for all of them: next to a busy model that took
    13 ms instead of 1.
    """
    products: Floats = np.vecdot(vectors, other)
    return products


def top(scores: Floats, count: int) -> NDArray[np.intp]:
    """Positions of the largest scores, best first; equal scores keep their order."""
    positions = np.flatnonzero(scores >= _threshold(scores, count))
    return positions[np.argsort(-scores[positions], kind="stable")][:count]


def _threshold(scores: Floats, count: int) -> float:
    """A score that at least ``count`` scores reach, if there are as many, and few more."""
    if count >= len(scores):
        return -np.inf
    sample = scores[::_SAMPLE_STEP]
    rank = 2 * count // _SAMPLE_STEP + _SAMPLE_STEP
    if 2 * rank < len(sample):  # Partitioning a sample is faster than partitioning everything.
        threshold = float(np.partition(sample, len(sample) - rank)[len(sample) - rank])
        if np.count_nonzero(scores >= threshold) >= count:
            return threshold
    return float(np.partition(scores, len(scores) - count)[len(scores) - count])


def _hamming(bits: NDArray[np.uint64], query_bits: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """The Hamming distance of each column from the query."""
    distance = np.zeros(bits.shape[1], np.uint16)
    for word, query_word in zip(bits, query_bits, strict=True):
        distance += np.bitwise_count(word ^ query_word)
    return distance


def _nearest_places(distance: NDArray[np.uint16], count: int, farthest: int) -> Rows:
    """Positions of at least the ``count`` smallest distances, none above ``farthest``."""
    within = np.cumsum(np.bincount(distance, minlength=farthest + 2)[: farthest + 1])
    limit = min(int(np.searchsorted(within, count)), farthest)
    return np.flatnonzero(distance <= limit)


def _sign_bits(vectors: Floats) -> NDArray[np.uint64]:
    """One bit per dimension, 64 to a word; the first axis is the word."""
    flags = np.zeros((len(vectors), -(-vectors.shape[1] // 64) * 64), np.bool_)
    flags[:, : vectors.shape[1]] = vectors > 0
    return np.ascontiguousarray(np.packbits(flags, axis=1).view(np.uint64).T)


def _enlarged(array: NDArray[Any], capacity: int) -> NDArray[Any]:
    larger = np.zeros((capacity, *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger
