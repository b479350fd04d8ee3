"""The index of one character in RAM, kept in step with the database.

``load`` reads everything once, in the background; ``follow`` takes in what any process wrote since,
at the cost of one query when that is nothing. One lock guards the rows: a recall holds it for
milliseconds, loading and embedding never hold it while they read or wait.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rpterm.memory.growing import Growing
from rpterm.memory.index import KINDS, Entry, MemoryIndex
from rpterm.memory.meaning import VectorIndex
from rpterm.memory.wording import spoken
from rpterm.memory.words import terms
from rpterm.store.memories import Memories, Memory
from rpterm.store.memory_vectors import MemoryVectors

Floats = NDArray[np.float32]
_BLOCK = 500


class Shelf:
    """Rows of one character's memories that follow the database.

    Args:
        model: The embedding model whose vectors are used.
        newer: Which memories take the place of some, where they are shown.
    """

    def __init__(
        self,
        memories: Memories,
        vectors: MemoryVectors,
        character: str,
        model: str,
        newer: Callable[[Collection[int]], Mapping[int, Sequence[int]]] | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self._following = threading.Lock()
        self._shown: dict[int, tuple[int, ...]] = {}
        self.index = MemoryIndex(VectorIndex(0))
        self._memories = memories
        self._vectors = vectors
        self._character = character
        self._model = model
        self._newer = newer
        self._last = 0
        self._seq = 0
        self._loaded = False
        self._keys = Growing(np.int64)

    @property
    def loaded(self) -> bool:
        """Whether ``load`` has finished."""
        return self._loaded

    def rename(self, character: str) -> None:
        """The same memories under the card's new name; what else has that name is not taken in."""
        self._character = character

    def load(self) -> None:
        """Read all memories; recall may begin when this returns."""
        self._seq, self._last = self._memories.log_end(), self._memories.end()
        known = sum(self._memories.counts(self._character).values())
        self.index.vectors.reserve(known + known // 8)
        block: list[Memory] = []
        for memory in self._memories.after(0, self._character, self._last):
            block.append(memory)
            if len(block) == _BLOCK:
                self._add(block)
                block = []
        self._add(block)
        self._show(self._memories.shown_paths(self._character))
        with self.lock:
            self.index.words.merge()  # So that the first questions need not gather the tail.
        self._loaded = True

    def follow(self, patience: float = -1) -> bool:
        """Take in what was written since.

        Args:
            patience: Seconds to wait for another thread that is at it; -1 waits for ever.

        Returns:
            False when that took longer: the index then lags behind by what that thread takes in.
        """
        if not self._following.acquire(timeout=patience):
            return False
        try:
            self._take_in()
        finally:
            self._following.release()
        return True

    def show(self, chat: int, path: Sequence[int]) -> None:
        """Show a path of a chat; what the database says of that chat counts again when it changes.

        Cheap when it is the path shown already.
        """
        key = tuple(path)  # All of it: the same end may be reached with another turn hidden.
        with self.lock:
            if self._shown.get(chat) != key:
                self.index.show(chat, path)
                self._shown[chat] = key

    def shown_of(self, memory_ids: Collection[int]) -> set[int]:
        """Which of some facts, reflections, summaries and notes may be recalled."""
        with self.lock:
            return self.index.shown_of(memory_ids)

    def _take_in(self) -> None:
        changes = self._memories.changed(self._seq)
        end = self._memories.end()
        fresh = list(self._memories.after(self._last, self._character, end))
        if not (fresh or changes.memories or changes.chats):
            self._last = end  # What came was others': it is not looked through again.
            return
        edited = self._memories.many(changes.memories)
        with self.lock:
            self._seq = changes.seq
            for row in self.index.rows_of(changes.memories):
                self.index.forget(row)
        again = [m for m in edited.values() if m.id <= self._last and self._mine(m)]
        self._add(again)
        self._add(fresh)
        self._last = end
        stale = changes.chats | {m.chat_id for m in (*again, *fresh) if m.chat_id is not None}
        if stale:
            paths = self._memories.shown_paths(self._character, stale)
            self._show({chat: paths.get(chat, []) for chat in stale})

    def dim_is(self, dim: int) -> None:
        """Make room for vectors once their size is known; before ``load`` where any are stored."""
        with self.lock:
            if self.index.vectors.dim != dim:
                self.index.vectors = VectorIndex(dim)
                self.index.vectors.grow(len(self.index))

    def put_vectors(self, hashes: Sequence[bytes], vectors: Floats, first: int = 0) -> None:
        """Take over vectors of wordings for all rows from ``first`` on."""
        if not hashes:
            return
        wanted = np.frombuffer(b"".join(key[:8] for key in hashes), np.int64)
        order = np.argsort(wanted)
        with self.lock:
            keys = self._keys.view[first:]
            rows = np.flatnonzero(np.isin(keys, wanted) & (self.index.ids[first:] > 0))
            place = order[np.searchsorted(wanted, keys[rows], sorter=order)]
            self.index.vectors.put_many(rows + first, vectors[place])

    def _mine(self, memory: Memory) -> bool:
        return memory.character == self._character or memory.shared

    def _add(self, block: Sequence[Memory]) -> None:
        """Append memories; what may never be recalled gets no row."""
        worded = [
            (memory, terms(spoken(memory.speaker, memory.text)))
            for memory in block
            if not memory.hidden
        ]
        newer = self._links([memory for memory, _ in worded])
        with self.lock:
            first = len(self.index)
            for memory, found in worded:
                self.index.add(_entry(memory, newer.get(memory.id, ())), found)
                self._keys.append(int.from_bytes(memory.hash[:8], sys.byteorder, signed=True))
        if self.index.vectors.dim and worded:
            self._fetch([memory.hash for memory, _ in worded], first)

    def _links(self, block: Sequence[Memory]) -> dict[int, tuple[int, ...]]:
        marked = {m.id: m.superseded_by for m in block if m.superseded_by is not None}
        links = self._newer(list(marked)) if marked and self._newer else {}
        return {old: (*links.get(old, ()), new) for old, new in marked.items()}

    def _fetch(self, hashes: Sequence[bytes], first: int) -> None:
        found = self._vectors.of(self._model, hashes)
        size = 4 * self.index.vectors.dim
        good = {key: blob for key, blob in found.items() if len(blob) == size}
        data = np.frombuffer(b"".join(good.values()), "<f4").reshape(
            len(good), self.index.vectors.dim
        )
        self.put_vectors(list(good), data.astype(np.float32), first)

    def _show(self, paths: dict[int, list[int]]) -> None:
        for chat, path in paths.items():
            with self.lock:
                self._shown.pop(chat, None)
                self.show(chat, path)


def _entry(memory: Memory, newer: tuple[int, ...]) -> Entry:
    return Entry(
        id=memory.id,
        chat=memory.chat_id or 0,
        turn=memory.turn_id or 0,
        kind=KINDS.index(memory.kind),
        created=memory.created_at,
        importance=memory.importance,
        pinned=memory.pinned,
        newer=newer,
    )
