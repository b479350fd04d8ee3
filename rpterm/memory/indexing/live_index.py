"""One character's index in RAM, kept in sync with the database.

``load`` reads everything once, in the background. ``follow`` takes in what any process has written
since, at the cost of one query if that is nothing. One lock guards the rows: a recall holds it for
milliseconds, and loading and embedding never hold it while they read or wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rpterm.memory.indexing.index import MemoryIndex
from rpterm.memory.indexing.vector_index import VectorIndex
from rpterm.memory.indexing.words import terms, with_speaker
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.records import Memory
from rpterm.store.memory.vectors import MemoryVectors

Floats = NDArray[np.float32]
_BATCH = 500


class LiveIndex:
    """The rows of one character's memories, which follow the database.

    Args:
        model: The embedding model whose vectors are used.
        newer: Given memory ids, the memories that supersede each, where those are shown.
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
        self._shown_paths: dict[int, tuple[int, ...]] = {}
        self.index = MemoryIndex(VectorIndex(0))
        self._memories = memories
        self._vectors = vectors
        self._character = character
        self._model = model
        self._newer = newer
        self._last_id = 0
        self._seq = 0
        self._loaded = False

    @property
    def loaded(self) -> bool:
        """Whether ``load`` has finished."""
        return self._loaded

    def rename(self, character: str) -> None:
        """The card has a new name: the memories stay, others under that name are not loaded."""
        self._character = character

    def load(self) -> None:
        """Read all memories; recall may begin when this returns."""
        self._seq, self._last_id = self._memories.last_change(), self._memories.max_id()
        count = sum(self._memories.counts(self._character).values())
        self.index.vectors.reserve(count + count // 8)
        batch: list[Memory] = []
        for memory in self._memories.iter_after(0, self._character, self._last_id):
            batch.append(memory)
            if len(batch) == _BATCH:
                self._add(batch)
                batch = []
        self._add(batch)
        self._show_paths(self._memories.shown_paths(self._character))
        with self.lock:
            self.index.words.merge()  # so that the first searches do not have to read the tail
        self._loaded = True

    def follow(self, patience: float = -1) -> bool:
        """Take in what was written since.

        Args:
            patience: Seconds to wait for another thread that is doing so; -1 waits for ever.

        Returns:
            False if that took longer: the index then lacks what that thread is taking in.
        """
        if not self._following.acquire(timeout=patience):
            return False
        try:
            self._catch_up()
        finally:
            self._following.release()
        return True

    def show(self, chat: int, path: Sequence[int]) -> None:
        """Show a path of a chat, until the database reports a change of that chat.

        Cheap if the path is shown already.
        """
        key = tuple(path)  # the complete path: two with the same leaf may differ in a hidden turn
        with self.lock:
            if self._shown_paths.get(chat) != key:
                self.index.show(chat, path)
                self._shown_paths[chat] = key

    def shown_of(self, memory_ids: Collection[int]) -> set[int]:
        """Which of these facts, reflections, summaries and notes may be recalled."""
        with self.lock:
            return self.index.shown_of(memory_ids)

    def _catch_up(self) -> None:
        changes = self._memories.changed(self._seq)
        end = self._memories.max_id()
        fresh = list(self._memories.iter_after(self._last_id, self._character, end))
        if not (fresh or changes.memories or changes.chats):
            self._last_id = end  # the new memories are of other characters: skip them from now on
            return
        edited = self._memories.get_many(changes.memories)
        with self.lock:
            self._seq = changes.seq
            for row in self.index.rows_of(changes.memories):
                self.index.forget(row)
        readded = [m for m in edited.values() if m.id <= self._last_id and self._belongs(m)]
        self._add(readded)
        self._add(fresh)
        self._last_id = end
        stale = changes.chats | {m.chat_id for m in (*readded, *fresh) if m.chat_id is not None}
        if stale:
            paths = self._memories.shown_paths(self._character, stale)
            self._show_paths({chat: paths.get(chat, []) for chat in stale})

    def set_dim(self, dim: int) -> None:
        """Make room for vectors of this size; call it before ``load`` if any are stored."""
        with self.lock:
            if self.index.vectors.dim != dim:
                self.index.vectors = VectorIndex(dim)
                self.index.vectors.grow(len(self.index))

    def put_vectors(self, hashes: Sequence[bytes], vectors: Floats, first: int = 0) -> None:
        """Assign the vectors of texts, by hash, to all rows from ``first`` on."""
        if not hashes:
            return
        hash_keys = np.frombuffer(b"".join(key[:8] for key in hashes), np.int64)
        order = np.argsort(hash_keys)
        with self.lock:
            keys = self.index.wordings[first:]
            rows = np.flatnonzero(np.isin(keys, hash_keys) & (self.index.ids[first:] > 0))
            position = order[np.searchsorted(hash_keys, keys[rows], sorter=order)]
            self.index.vectors.put_many(rows + first, vectors[position])

    def _belongs(self, memory: Memory) -> bool:
        return memory.character == self._character or memory.shared

    def _add(self, batch: Sequence[Memory]) -> None:
        """Append memories; one that may never be recalled gets no row."""
        entries = [
            (memory, terms(with_speaker(memory.speaker, memory.text)))
            for memory in batch
            if not memory.hidden
        ]
        newer = self._newer_links([memory for memory, _ in entries])
        with self.lock:
            first = len(self.index)
            for memory, memory_terms in entries:
                self.index.add(memory, memory_terms, newer.get(memory.id, ()))
        if self.index.vectors.dim and entries:
            self._load_vectors([memory.hash for memory, _ in entries], first)

    def _newer_links(self, batch: Sequence[Memory]) -> dict[int, tuple[int, ...]]:
        superseded = {m.id: m.superseded_by for m in batch if m.superseded_by is not None}
        links = self._newer(list(superseded)) if superseded and self._newer else {}
        return {old: (*links.get(old, ()), new) for old, new in superseded.items()}

    def _load_vectors(self, hashes: Sequence[bytes], first: int) -> None:
        stored = self._vectors.get(self._model, hashes)
        dim = self.index.vectors.dim
        blobs = {key: blob for key, blob in stored.items() if len(blob) == 4 * dim}
        vectors = np.frombuffer(b"".join(blobs.values()), "<f4").reshape(len(blobs), dim)
        self.put_vectors(list(blobs), vectors.astype(np.float32), first)

    def _show_paths(self, paths: dict[int, list[int]]) -> None:
        for chat, path in paths.items():
            with self.lock:
                self._shown_paths.pop(chat, None)
                self.show(chat, path)
