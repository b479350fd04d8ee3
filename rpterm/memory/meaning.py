"""Nearest vectors by cosine, exact while that is quick and by sign bits beyond. Knows no texts.

Up to ``EXACT_ROWS`` every row is compared in float32. Beyond, each vector is also kept as one bit
a dimension: a scan over these bits (48 bytes a row for 384 dimensions) finds ``SHORTLIST`` rows by
Hamming distance, and these alone are compared exactly, from float16. Against a graph or cell
index this needs no training and no rebuilding, a row can be hidden or forgotten at once, and a
search restricted to visible rows stays exact about what is visible. The price is that its time
grows with the rows; the benchmark (tests/bench/recall.py) prints time and recall at a million.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

EXACT_ROWS = 20_000
SHORTLIST = 1_500
_BLOCK = 32_768

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


class VectorIndex:
    """Unit vectors by row number; rows without a vector are never found.

    Args:
        dim: Dimensions of a vector.
        base: A float16 matrix to start from, perhaps mapped from a file. It is only written to
            where a row of it is set or cleared.
        exact_rows: Largest number of rows that is searched exactly.
    """

    def __init__(
        self, dim: int, base: NDArray[np.float16] | None = None, exact_rows: int = EXACT_ROWS
    ) -> None:
        self.dim = dim
        self._exact_rows = exact_rows
        self._words = (dim + 63) // 64
        self._base: NDArray[Any] = np.zeros((0, dim), np.float16) if base is None else base
        self._tail: NDArray[Any] = np.zeros((256, dim), np.float32)
        self._rows = len(self._base)
        self._bits = np.zeros((self._words, max(256, self._rows)), np.uint64)
        self._have = np.zeros(max(256, self._rows), np.bool_)
        for start in range(0, self._rows, _BLOCK):
            block = self._base[start : start + _BLOCK].astype(np.float32)
            self._bits[:, start : start + len(block)] = self._signs(block)
            self._have[start : start + len(block)] = block.any(axis=1)

    def __len__(self) -> int:
        return self._rows

    @property
    def have(self) -> NDArray[np.bool_]:
        """Which rows hold a vector."""
        return self._have[: self._rows]

    def grow(self, rows: int) -> None:
        """Make room for rows up to this number, without vectors."""
        if rows <= self._rows:
            return
        if rows > len(self._have):
            room = max(rows, 2 * len(self._have))
            self._have = _wider(self._have, room)
            self._bits = _wider(self._bits, room)
        need = rows - len(self._base)
        if need > len(self._tail):
            self._tail = _taller(self._tail, max(need, 2 * len(self._tail)), self._kind(rows))
        self._rows = rows

    def put(self, row: int, vector: Floats) -> None:
        """Set the vector of one row; it is made a unit vector."""
        self.put_many(np.array([row]), vector[None, :])

    def put_many(self, rows: Rows, vectors: Floats) -> None:
        """Set the vectors of several rows."""
        if not len(rows):
            return
        self.grow(int(rows.max()) + 1)
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        unit = unit.astype(np.float32)
        self._write(rows, unit)
        self._bits[:, rows] = self._signs(unit)
        self._have[rows] = True

    def clear(self, row: int) -> None:
        """Forget the vector of one row."""
        if row < self._rows:
            self._write(np.array([row]), np.zeros((1, self.dim), np.float32))
            self._bits[:, row] = 0
            self._have[row] = False

    def cosines(self, rows: Rows, query: Floats) -> Floats:
        """Cosine of the query with each row; 0 for rows without a vector."""
        out = np.zeros(len(rows), np.float32)
        low = rows < len(self._base)
        if low.any():
            out[low] = self._base[rows[low]].astype(np.float32) @ query
        high = ~low & (rows < self._rows)
        if high.any():
            out[high] = self._tail[rows[high] - len(self._base)].astype(np.float32) @ query
        return out

    def gather(self, rows: Rows) -> Floats:
        """The vectors of rows, zeros where there is none."""
        out = np.zeros((len(rows), self.dim), np.float32)
        low = rows < len(self._base)
        out[low] = self._base[rows[low]]
        high = ~low & (rows < self._rows)
        out[high] = self._tail[rows[high] - len(self._base)]
        return out

    def nearest(self, query: Floats, allowed: NDArray[np.bool_], count: int) -> Rows:
        """The nearest allowed rows, best first.

        Args:
            query: A unit vector.
            allowed: One flag for each row, or for the first rows.
            count: At most so many.
        """
        size = min(self._rows, len(allowed))
        allowed = allowed[:size] & self._have[:size]
        if size <= self._exact_rows:
            rows = np.flatnonzero(allowed)
        else:
            rows = self._shortlist(query, allowed, max(SHORTLIST, 2 * count))
        scores = self.cosines(rows, query)
        best = top(scores, count)
        return rows[best]

    def exact(self, query: Floats, allowed: NDArray[np.bool_], count: int) -> Rows:
        """The same by comparing every row: what ``nearest`` is measured against."""
        rows = np.flatnonzero(allowed[: self._rows] & self.have[: len(allowed)])
        parts = [self.cosines(rows[i : i + _BLOCK], query) for i in range(0, len(rows), _BLOCK)]
        scores = np.concatenate(parts) if parts else np.zeros(0, np.float32)
        return rows[top(scores, count)]

    def _shortlist(self, query: Floats, allowed: NDArray[np.bool_], count: int) -> Rows:
        asked = self._signs(query[None, :])[:, 0]
        size = len(allowed)
        distance = np.empty(size, np.uint16)
        for start in range(0, size, _BLOCK):
            stop = min(start + _BLOCK, size)
            part = np.zeros(stop - start, np.uint16)
            for word in range(self._words):
                part += np.bitwise_count(self._bits[word, start:stop] ^ asked[word])
            distance[start:stop] = part
        distance[~allowed] = np.iinfo(np.uint16).max
        within = np.cumsum(np.bincount(distance[allowed], minlength=1))
        limit = int(np.searchsorted(within, count))
        return np.flatnonzero(distance <= min(limit, self._words * 64))

    def _signs(self, vectors: Floats) -> NDArray[np.uint64]:
        flags = np.zeros((len(vectors), self._words * 64), np.bool_)
        flags[:, : self.dim] = vectors > 0
        return np.ascontiguousarray(np.packbits(flags, axis=1).view(np.uint64).T)

    def _write(self, rows: Rows, vectors: Floats) -> None:
        low = rows < len(self._base)
        if low.any():
            self._base[rows[low]] = vectors[low]
        self._tail[rows[~low] - len(self._base)] = vectors[~low]

    def _kind(self, rows: int) -> type[np.float32] | type[np.float16]:
        return np.float32 if rows <= self._exact_rows else np.float16


def top(scores: Floats, count: int) -> NDArray[np.intp]:
    """Places of the largest scores, best first; equal scores keep their order."""
    if count < len(scores):
        cut = np.partition(scores, len(scores) - count)[len(scores) - count]
        places = np.flatnonzero(scores >= cut)
    else:
        places = np.arange(len(scores))
    return places[np.argsort(-scores[places], kind="stable")][:count]


def _wider(array: NDArray[Any], room: int) -> NDArray[Any]:
    out = np.zeros((*array.shape[:-1], room), array.dtype)
    out[..., : array.shape[-1]] = array
    return out


def _taller(array: NDArray[Any], room: int, kind: type[Any]) -> NDArray[Any]:
    out = np.zeros((room, array.shape[1]), kind)
    out[: len(array)] = array
    return out
