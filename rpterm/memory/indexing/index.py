"""The searchable index of one character's memories: rows of arrays in RAM.

It keeps no texts and reads no database. Rows are only ever appended; an edit forgets one row and
appends another. A row is *shown* when it may be recalled: a memory without a source turn always is,
one with a source turn is while that turn lies on the branch last passed to ``show`` for its chat.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rpterm.memory.indexing.bm25 import WordIndex
from rpterm.memory.indexing.vector_index import VectorIndex
from rpterm.memory.search.questions import question_share
from rpterm.store.memory.records import KINDS, Memory

SITTING_GAP = 6 * 3600.0
"""Seconds of silence after which a chat counts as resumed in a new sitting."""

_TURN = KINDS.index("turn")


_COLUMNS: dict[str, tuple[DTypeLike, int]] = {
    "ids": (np.int64, 0), "turns": (np.int64, 0), "kinds": (np.int8, 0),
    "created": (np.float64, 0), "importance": (np.float32, 0), "pinned": (np.bool_, 0),
    "question": (np.float32, 0), "wordings": (np.int64, 0), "shown": (np.bool_, 0),
    "before": (np.int32, -1), "after": (np.int32, -1), "sitting": (np.int32, 0),
}  # fmt: skip
"""The arrays of a ``MemoryIndex``, each with its type and the value of a new row."""


class MemoryIndex:
    """The rows of one character's memories.

    Attributes:
        ids: Memory ids; 0 where a row was forgotten. This and the other arrays have one element for
            each row; after an ``add`` they may be different arrays.
        question: The share of each row that only asks something.
        wordings: The beginning of each wording's hash, as a number.
        before, after: For each row, the previous and the next row of its sitting, or -1.
        sitting: A number shared by the rows of one sitting.
    """

    ids: NDArray[np.int64]
    turns: NDArray[np.int64]
    kinds: NDArray[np.int8]
    created: NDArray[np.float64]
    importance: NDArray[np.float32]
    pinned: NDArray[np.bool_]
    question: NDArray[np.float32]
    wordings: NDArray[np.int64]
    shown: NDArray[np.bool_]
    before: NDArray[np.int32]
    after: NDArray[np.int32]
    sitting: NDArray[np.int32]

    def __init__(self, vectors: VectorIndex) -> None:
        self.words = WordIndex()
        self.vectors = vectors
        self._by_chat: dict[int, array[int]] = {}
        self._distilled_rows: dict[int, int] = {}  # memories that are not turns: few, interlinked
        self._newer: dict[int, tuple[int, ...]] = {}

        self._columns: dict[str, NDArray[Any]] = {}
        self._size = 0
        self._grow_to(0)

    def __len__(self) -> int:
        return self._size

    def _grow_to(self, size: int) -> None:
        """Append rows with the values of new ones."""
        for name, (dtype, fill) in _COLUMNS.items():
            column = self._columns.get(name)
            if column is None or size > len(column):
                column = np.full(max(256, 2 * size), fill, dtype)
                column[: self._size] = getattr(self, name, ())
                self._columns[name] = column
            setattr(self, name, column[:size])
        self._size = size

    def add(self, memory: Memory, terms: Sequence[str], newer: tuple[int, ...] = ()) -> int:
        """Append a memory; one with a source turn stays hidden until ``show``.

        Args:
            newer: Memories that supersede it wherever they are shown.

        Returns:
            Its row.
        """
        row = self.words.add(terms)
        self._grow_to(row + 1)
        self._by_chat.setdefault(memory.chat_id or 0, array("i")).append(row)
        self.ids[row] = memory.id
        self.turns[row] = memory.turn_id or 0
        self.kinds[row] = KINDS.index(memory.kind)
        self.created[row] = memory.created_at
        self.importance[row] = memory.importance
        self.pinned[row] = memory.pinned
        self.question[row] = question_share(memory.text)
        self.wordings[row] = int.from_bytes(memory.hash[:8], sys.byteorder, signed=True)
        self.shown[row] = memory.turn_id is None
        self.sitting[row] = row
        self.vectors.grow(row + 1)
        if memory.kind != "turn":
            self._distilled_rows[memory.id] = row
        if newer:
            self._newer[row] = newer
        return row

    def shown_of(self, memory_ids: Collection[int]) -> set[int]:
        """Which of these memories may be recalled; memories of turns are not looked up."""
        rows = {i: self._distilled_rows[i] for i in memory_ids if i in self._distilled_rows}
        return {i for i, row in rows.items() if self.ids[row] == i and self.shown[row]}

    def outdated(self) -> NDArray[np.int64]:
        """The rows that a newer, shown memory supersedes."""
        rows = [row for row, newer in self._newer.items() if self.shown_of(newer)]
        return np.array(rows, np.int64)

    def rows_of(self, memory_ids: Collection[int]) -> list[int]:
        """The rows of these memories; memories without a row are skipped."""
        wanted = np.fromiter(memory_ids, np.int64, len(memory_ids))
        return [int(row) for row in np.flatnonzero(np.isin(self.ids, wanted))]

    def forget(self, row: int) -> None:
        """Take a row out for good; its neighbours become each other's neighbours."""
        before, after = int(self.before[row]), int(self.after[row])
        if before >= 0:
            self.after[before] = after
        if after >= 0:
            self.before[after] = before
        self._newer.pop(row, None)
        self.ids[row] = 0
        self.shown[row] = False
        self.pinned[row] = False
        self.before[row] = self.after[row] = -1
        self.vectors.clear(row)

    def show(self, chat: int, path: Sequence[int]) -> None:
        """Make the turns of a path, and the memories drawn from them, the shown ones of a chat.

        Args:
            chat: The chat.
            path: Turn ids from the root to the leaf.
        """
        rows = self._rows_of_chat(chat)
        turns = self.turns[rows]
        on_path = np.isin(turns, np.asarray(path, np.int64))
        self.shown[rows] = on_path | (turns == 0)
        self.before[rows] = -1
        self.after[rows] = -1
        self.sitting[rows] = rows
        self._link_neighbours(rows[on_path & (self.kinds[rows] == _TURN)], path)

    def rows_of_turns(self, chat: int, turns: Collection[int]) -> NDArray[np.int64]:
        """The rows whose source is one of these turns of a chat."""
        rows = self._rows_of_chat(chat)
        return rows[np.isin(self.turns[rows], np.fromiter(turns, np.int64, len(turns)))]

    def last_sitting(self, before: float) -> tuple[float, float] | None:
        """The first and the last moment of the newest shown sitting before a moment."""
        is_turn = self.shown & (self.kinds == _TURN) & (self.created < before)
        rows = np.flatnonzero(is_turn)
        # A chat that was opened and left again, with nothing but its greeting, does not count.
        _, position, sizes = np.unique(self.sitting[rows], return_inverse=True, return_counts=True)
        rows = rows[sizes[position] > 1]
        if not len(rows):
            return None
        newest = rows[np.argmax(self.created[rows])]
        moments = self.created[rows[self.sitting[rows] == self.sitting[newest]]]
        return float(moments.min()), float(moments.max())

    def _rows_of_chat(self, chat: int) -> NDArray[np.int64]:
        rows = np.array(self._by_chat.get(chat, ()), np.int64)
        return rows[self.ids[rows] > 0]

    def _link_neighbours(self, rows: NDArray[np.int64], path: Sequence[int]) -> None:
        """Order the rows along the path and split them into sittings."""
        if not len(rows):
            return
        steps = np.asarray(path, np.int64)
        sorter = np.argsort(steps)
        place = sorter[np.searchsorted(steps, self.turns[rows], sorter=sorter)]
        rows = rows[np.argsort(place, kind="stable")]
        joined = np.diff(self.created[rows]) < SITTING_GAP
        self.before[rows[1:]] = np.where(joined, rows[:-1], -1)
        self.after[rows[:-1]] = np.where(joined, rows[1:], -1)
        starts = np.flatnonzero(np.concatenate([[True], ~joined]))
        self.sitting[rows] = np.repeat(rows[starts], np.diff([*starts, len(rows)]))
