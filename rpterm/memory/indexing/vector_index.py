"""Nearest neighbours by cosine similarity: exact while that is fast, by sign bits beyond.

Up to ``EXACT_ROWS`` every vector is kept and compared in float32. Beyond that, a vector is
quantised: one byte per dimension with a scale of its own, half a byte more for the rounding error,
and one bit for the sign. A scan over the sign bits (48 bytes a row for 384 dimensions) finds a
shortlist by Hamming distance, the bytes rank the shortlist, and the half bytes put the best rows in
their true order (bytes alone find 0.974 of the true ten nearest among a million). A million rows
take 624 MB, in RAM only: the database holds the only copy on disk, so nothing else has to be
deleted from. Compared with a graph or cell index, this needs no training and no rebuilding, a row
can be hidden or forgotten at once, and all visible rows are searched whatever share of the index
they are. The price is time proportional to the rows; ``rpterm bench recall`` prints it.
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
_BYTE_STEPS = 127.0
_NIBBLE_STEPS = 15.0
_FINE_MARGIN = 64
"""How many rows more than wanted are ranked at full precision."""
_SAMPLE_STEP = 16

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
        self._width = (dim + 63) // 64
        self._has_vector = np.zeros(256, np.bool_)
        self._floats: Floats | None = np.zeros((256, dim), np.float32)
        self._bytes = np.zeros((0, dim), np.int8)
        self._rounding = np.zeros((0, (dim + 1) // 2), np.uint8)
        self._scale = np.zeros(0, np.float32)
        self._bits = np.zeros((self._width, 0), np.uint64)

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
        elif rows > self._exact_rows and self._floats is not None:
            self._quantise(self._floats, len(self._has_vector))
        self._size = max(self._size, rows)

    def reserve(self, rows: int) -> None:
        """Allocate memory for this many rows at once; step by step takes half as much again."""
        if rows <= len(self._has_vector):
            return
        self._has_vector = _enlarged(self._has_vector, rows)
        if self._floats is None:
            self._bytes = _enlarged(self._bytes, rows)
            self._rounding = _enlarged(self._rounding, rows)
            self._scale = _enlarged(self._scale, rows)
            self._bits = np.ascontiguousarray(_enlarged(self._bits.T, rows).T)
        elif rows > 2 * self._exact_rows:
            self._quantise(self._floats, rows)
        else:
            self._floats = _enlarged(self._floats, rows)

    def put(self, row: int, vector: Floats) -> None:
        """Set the vector of one row, normalised to length 1."""
        self.put_many(np.array([row]), vector[None, :])

    def put_many(self, rows: Rows, vectors: Floats) -> None:
        """Set the vectors of several rows, normalised to length 1."""
        if not len(rows):
            return
        self.grow(int(rows.max()) + 1)
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        self._write(rows, unit.astype(np.float32))
        self._has_vector[rows] = True

    def clear(self, row: int) -> None:
        """Forget the vector of one row."""
        if row < self._size:
            self._write(np.array([row]), np.zeros((1, self.dim), np.float32))
            self._has_vector[row] = False

    def gather(self, rows: Rows) -> Floats:
        """The vectors of some rows; zeros for a row without one."""
        if self._floats is not None:
            return self._floats[rows]
        return self._bytes[rows] * self._scale[rows, None]

    def query(self, query: Floats) -> VectorQuery:
        """Begin a search with a unit vector. The result is valid until the index changes."""
        return VectorQuery(self, query)

    def all_cosines(self, query: Floats) -> Floats | None:
        """The cosine similarity of every row, or ``None`` when there are too many rows."""
        return None if self._floats is None else cosine(self._floats[: self._size], query)

    def cosines(self, rows: Rows, query: Floats) -> Floats:
        """The cosine similarity of some rows."""
        if self._floats is not None:
            return cosine(self._floats[rows], query)
        return cosine(self._bytes[rows].astype(np.float32), query) * self._scale[rows]

    def precise_cosines(self, rows: Rows, query: Floats) -> Floats:
        """The cosine similarity of some rows at the full precision there is."""
        if self._floats is not None:
            return cosine(self._floats[rows], query)
        nibbles = _unpack_nibbles(self._rounding[rows], self.dim).astype(np.float32)
        rounding = nibbles / _NIBBLE_STEPS - 0.5
        return cosine(self._bytes[rows] + rounding, query) * self._scale[rows]

    def shortlist(self, query: Floats, allowed: NDArray[np.bool_], count: int) -> Rows:
        """At least ``count`` allowed rows, if there are as many, that are likely to be nearest."""
        query_bits = _sign_bits(query[None, :], self._width)[:, 0]
        half = (self._width + 1) // 2
        distance = np.empty(len(allowed), np.uint16)
        for start in range(0, len(allowed), _BLOCK):
            block = slice(start, min(start + _BLOCK, len(allowed)))
            distance[block] = _hamming(self._bits[:half, block], query_bits[:half])
        distance[~allowed] = 64 * half + 1
        coarse_count = max(_COARSE_FACTOR * count, len(allowed) // _COARSE_FACTOR)
        rows = _nearest_places(distance, coarse_count, 64 * half)
        second_half = _hamming(self._bits[half:, rows], query_bits[half:])
        return rows[_nearest_places(distance[rows] + second_half, count, 64 * self._width)]

    def _write(self, rows: Rows, vectors: Floats) -> None:
        if self._floats is not None:
            self._floats[rows] = vectors
            return
        largest = np.maximum(np.abs(vectors).max(axis=1), 1e-9)
        steps = vectors * (_BYTE_STEPS / largest)[:, None]
        rounded = np.rint(steps)
        nibbles = np.rint((steps - rounded + 0.5) * _NIBBLE_STEPS).astype(np.uint8)
        self._bytes[rows] = rounded.astype(np.int8)
        self._rounding[rows] = _pack_nibbles(nibbles)
        self._scale[rows] = largest / _BYTE_STEPS
        self._bits[:, rows] = _sign_bits(vectors, self._width)

    def _quantise(self, floats: Floats, capacity: int) -> None:
        """Switch from float32 to the quantised representation."""
        self._floats = None
        self._bytes = np.zeros((capacity, self.dim), np.int8)
        self._rounding = np.zeros((capacity, (self.dim + 1) // 2), np.uint8)
        self._scale = np.zeros(capacity, np.float32)
        self._bits = np.zeros((self._width, capacity), np.uint64)
        filled = min(self._size, len(floats))
        self._write(np.arange(filled), floats[:filled])


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
        return self._index.cosines(rows, self._query)

    def nearest(self, allowed: NDArray[np.bool_], count: int) -> Rows:
        """At most ``count`` of the nearest rows, best first; ``allowed`` has one flag per row."""
        allowed = allowed & self._index.has_vector
        if self._all is not None:
            rows = np.flatnonzero(allowed)
        else:
            shortlist = max(2 * count, SHORTLIST)
            rows = self._index.shortlist(self._query, allowed, shortlist)
        best = rows[top(self.cosines(rows), count + _FINE_MARGIN)]
        if self._all is not None:
            return best[:count]
        return best[top(self._index.precise_cosines(best, self._query), count)]


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


def _sign_bits(vectors: Floats, width: int) -> NDArray[np.uint64]:
    """One bit per dimension, 64 to a word; the first axis is the word."""
    flags = np.zeros((len(vectors), width * 64), np.bool_)
    flags[:, : vectors.shape[1]] = vectors > 0
    return np.ascontiguousarray(np.packbits(flags, axis=1).view(np.uint64).T)


def _pack_nibbles(nibbles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Two numbers below 16 per byte."""
    if nibbles.shape[1] % 2:
        nibbles = np.pad(nibbles, ((0, 0), (0, 1)))
    return ((nibbles[:, ::2] << 4) | nibbles[:, 1::2]).astype(np.uint8)


def _unpack_nibbles(packed: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    both = np.empty((len(packed), 2 * packed.shape[1]), np.uint8)
    both[:, ::2] = packed >> 4
    both[:, 1::2] = packed & 15
    return both[:, :width]


def _enlarged(array: NDArray[Any], capacity: int) -> NDArray[Any]:
    larger = np.zeros((capacity, *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger
