"""Nearest vectors by cosine, exact while that is quick and by sign bits beyond. Knows no texts.

Up to ``EXACT_ROWS`` all rows are kept and compared in float32. Beyond, a row is one byte a
dimension with a scale of its own, half a byte more for what that rounds off, and one bit, its sign.
A scan over the bits (48 bytes a row for 384 dimensions) finds a shortlist by Hamming distance, the
bytes order it, the half bytes put the best in their true order (bytes alone find 0.974 of the true
ten nearest among a million). A million rows take 624 MB, in RAM alone: nothing lies on disk but the
database, so nothing else has to forget. Against a graph or cell index this needs no training and
no rebuilding, a row can be hidden or forgotten at once, and what is visible is searched whatever
else is not. The price is time in proportion to the rows; ``rpterm bench recall`` prints it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

EXACT_ROWS = 20_000
SHORTLIST = 1_500
_BLOCK = 32_768
_LOOSE = 16
"""The first half of the bits leaves this share of the rows, and so many shortlists at least."""
_STEPS = 127.0
_FINE = 15.0
_FINE_MORE = 64
_SAMPLED = 16

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


class VectorIndex:
    """Unit vectors by row number; rows without a vector are never found.

    Args:
        dim: Dimensions of a vector.
        exact_rows: Largest number of rows that is kept and searched exactly.
    """

    def __init__(self, dim: int, exact_rows: int = EXACT_ROWS) -> None:
        self.dim = dim
        self._exact_rows = exact_rows
        self._size = 0
        self._width = (dim + 63) // 64
        self._have = np.zeros(256, np.bool_)
        self._floats: Floats | None = np.zeros((256, dim), np.float32)
        self._bytes = np.zeros((0, dim), np.int8)
        self._rest = np.zeros((0, (dim + 1) // 2), np.uint8)
        self._scale = np.zeros(0, np.float32)
        self._bits = np.zeros((self._width, 0), np.uint64)

    def __len__(self) -> int:
        return self._size

    @property
    def have(self) -> NDArray[np.bool_]:
        """Which rows hold a vector."""
        return self._have[: self._size]

    def grow(self, rows: int) -> None:
        """Make room for rows up to this number, without vectors."""
        if rows > len(self._have):
            self.reserve(2 * rows)
        elif rows > self._exact_rows and self._floats is not None:
            self._to_bytes(self._floats, len(self._have))
        self._size = max(self._size, rows)

    def reserve(self, rows: int) -> None:
        """Take memory for so many rows at once; growing by and by takes half as much again."""
        if rows <= len(self._have):
            return
        self._have = _longer(self._have, rows)
        if self._floats is None:
            self._bytes = _longer(self._bytes, rows)
            self._rest = _longer(self._rest, rows)
            self._scale = _longer(self._scale, rows)
            self._bits = np.ascontiguousarray(_longer(self._bits.T, rows).T)
        elif rows > 2 * self._exact_rows:
            self._to_bytes(self._floats, rows)
        else:
            self._floats = _longer(self._floats, rows)

    def put(self, row: int, vector: Floats) -> None:
        """Set the vector of one row; it is made a unit vector."""
        self.put_many(np.array([row]), vector[None, :])

    def put_many(self, rows: Rows, vectors: Floats) -> None:
        """Set the vectors of several rows."""
        if not len(rows):
            return
        self.grow(int(rows.max()) + 1)
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        self._write(rows, unit.astype(np.float32))
        self._have[rows] = True

    def clear(self, row: int) -> None:
        """Forget the vector of one row."""
        if row < self._size:
            self._write(np.array([row]), np.zeros((1, self.dim), np.float32))
            self._have[row] = False

    def gather(self, rows: Rows) -> Floats:
        """The vectors of rows, zeros where there is none."""
        if self._floats is not None:
            return self._floats[rows]
        return self._bytes[rows] * self._scale[rows, None]

    def ask(self, query: Floats) -> Asked:
        """Begin a search; the query is a unit vector. Valid until the index changes."""
        return Asked(self, query)

    def dense(self, query: Floats) -> Floats | None:
        """The cosine of every row, where rows are few enough to compare all."""
        return None if self._floats is None else cosine(self._floats[: self._size], query)

    def some(self, rows: Rows, query: Floats) -> Floats:
        """The cosine of some rows."""
        if self._floats is not None:
            return cosine(self._floats[rows], query)
        return cosine(self._bytes[rows].astype(np.float32), query) * self._scale[rows]

    def fine(self, rows: Rows, query: Floats) -> Floats:
        """The cosine of some rows with all the precision there is."""
        if self._floats is not None:
            return cosine(self._floats[rows], query)
        rest = _unpacked(self._rest[rows], self.dim).astype(np.float32) / _FINE - 0.5
        return cosine(self._bytes[rows] + rest, query) * self._scale[rows]

    def shortlist(self, query: Floats, allowed: NDArray[np.bool_], count: int) -> Rows:
        """At least so many allowed rows (if there are) that are likely to be the nearest."""
        asked = _signs(query[None, :], self._width)[:, 0]
        half = (self._width + 1) // 2
        distance = np.empty(len(allowed), np.uint16)
        for start in range(0, len(allowed), _BLOCK):
            block = slice(start, min(start + _BLOCK, len(allowed)))
            distance[block] = _apart(self._bits[:half, block], asked[:half])
        distance[~allowed] = 64 * half + 1
        rows = _least(distance, max(_LOOSE * count, len(allowed) // _LOOSE), 64 * half)
        rest = _apart(self._bits[half:, rows], asked[half:])
        return rows[_least(distance[rows] + rest, count, 64 * self._width)]

    def _write(self, rows: Rows, vectors: Floats) -> None:
        if self._floats is not None:
            self._floats[rows] = vectors
            return
        largest = np.maximum(np.abs(vectors).max(axis=1), 1e-9)
        steps = vectors * (_STEPS / largest)[:, None]
        whole = np.rint(steps)
        self._bytes[rows] = whole.astype(np.int8)
        self._rest[rows] = _packed(np.rint((steps - whole + 0.5) * _FINE).astype(np.uint8))
        self._scale[rows] = largest / _STEPS
        self._bits[:, rows] = _signs(vectors, self._width)

    def _to_bytes(self, floats: Floats, room: int) -> None:
        self._floats = None
        self._bytes = np.zeros((room, self.dim), np.int8)
        self._rest = np.zeros((room, (self.dim + 1) // 2), np.uint8)
        self._scale = np.zeros(room, np.float32)
        self._bits = np.zeros((self._width, room), np.uint64)
        filled = min(self._size, len(floats))
        self._write(np.arange(filled), floats[:filled])


class Asked:
    """One query and what was computed for it."""

    def __init__(self, index: VectorIndex, query: Floats) -> None:
        self._index = index
        self._query = query
        self._dense = index.dense(query)

    def cosines(self, rows: Rows) -> Floats:
        """Cosine of the query with each row; 0 for rows without a vector."""
        if self._dense is not None:
            return self._dense[rows]
        return self._index.some(rows, self._query)

    def nearest(self, allowed: NDArray[np.bool_], count: int) -> Rows:
        """The nearest allowed rows, best first, at most so many; one flag for each row."""
        allowed = allowed & self._index.have
        if self._dense is not None:
            rows = np.flatnonzero(allowed)
        else:
            most = max(2 * count, SHORTLIST)
            rows = self._index.shortlist(self._query, allowed, most)
        best = rows[top(self.cosines(rows), count + _FINE_MORE)]
        if self._dense is not None:
            return best[:count]
        return best[top(self._index.fine(best, self._query), count)]


def cosine(vectors: Floats, other: Floats) -> Floats:
    """Products of unit vectors along the last axis, in this thread alone.

    ``@`` wakes a thread of BLAS for every core and waits for all of them: beside a model at work
    that took 13 ms instead of 1.
    """
    products: Floats = np.vecdot(vectors, other)
    return products


def top(scores: Floats, count: int) -> NDArray[np.intp]:
    """Places of the largest scores, best first; equal scores keep their order."""
    places = np.flatnonzero(scores >= _cut(scores, count))
    return places[np.argsort(-scores[places], kind="stable")][:count]


def _cut(scores: Floats, count: int) -> float:
    """A score that so many reach, if there are as many, and few more do."""
    if count >= len(scores):
        return -np.inf
    sample = scores[::_SAMPLED]
    rank = 2 * count // _SAMPLED + _SAMPLED
    if 2 * rank < len(sample):  # Sorting out a sample is quicker than all of them.
        cut = float(np.partition(sample, len(sample) - rank)[len(sample) - rank])
        if np.count_nonzero(scores >= cut) >= count:
            return cut
    return float(np.partition(scores, len(scores) - count)[len(scores) - count])


def _apart(bits: NDArray[np.uint64], asked: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """How many bits of each column differ from those asked for."""
    part = np.zeros(bits.shape[1], np.uint16)
    for own, wanted in zip(bits, asked, strict=True):
        part += np.bitwise_count(own ^ wanted)
    return part


def _least(distance: NDArray[np.uint16], count: int, farthest: int) -> Rows:
    """The places of at least so many least distances, none above the farthest."""
    within = np.cumsum(np.bincount(distance, minlength=farthest + 2)[: farthest + 1])
    limit = min(int(np.searchsorted(within, count)), farthest)
    return np.flatnonzero(distance <= limit)


def _signs(vectors: Floats, width: int) -> NDArray[np.uint64]:
    """One bit a dimension, 64 to a word, words first."""
    flags = np.zeros((len(vectors), width * 64), np.bool_)
    flags[:, : vectors.shape[1]] = vectors > 0
    return np.ascontiguousarray(np.packbits(flags, axis=1).view(np.uint64).T)


def _packed(nibbles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Two numbers below 16 to a byte."""
    if nibbles.shape[1] % 2:
        nibbles = np.pad(nibbles, ((0, 0), (0, 1)))
    return ((nibbles[:, ::2] << 4) | nibbles[:, 1::2]).astype(np.uint8)


def _unpacked(packed: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    both = np.empty((len(packed), 2 * packed.shape[1]), np.uint8)
    both[:, ::2] = packed >> 4
    both[:, 1::2] = packed & 15
    return both[:, :width]


def _longer(array: NDArray[Any], room: int) -> NDArray[Any]:
    out = np.zeros((room, *array.shape[1:]), array.dtype)
    out[: len(array)] = array
    return out
