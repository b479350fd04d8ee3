"""Writes memory in the background: one thread that stores, embeds and cleans up.

``remember`` only puts a number into a queue. At the start the thread finds what is left to do in
the database, by looking for turns without a memory and memories without a vector. A kill at any
moment therefore costs nothing but that search.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from functools import partial

from rpterm.errors import user_message
from rpterm.memory.background_thread import BackgroundThread
from rpterm.memory.embedding.embed import Embedder
from rpterm.memory.indexing.live_index import LiveIndex
from rpterm.memory.indexing.words import with_speaker
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.vectors import MemoryVectors, Unembedded

_EMBED_BATCH = 64
_MAX_ID = 2**62
_CATCH_UP_BATCH = 1000


class MemoryWriter:
    """The background writer of one character's memory.

    Args:
        embedder: ``None`` makes do with words alone.
        listeners: Called with (vectors done, vectors wanted) while embedding, in its thread.
    """

    def __init__(
        self,
        memories: Memories,
        vectors: MemoryVectors,
        live_index: LiveIndex,
        embedder: Embedder | None,
        listeners: Sequence[Callable[[int, int], object]],
    ) -> None:
        self._memories = memories
        self._vectors = vectors
        self._live = live_index
        self._embedder = embedder
        self._listeners = listeners
        self._queue: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._idle = threading.Event()
        self._error = ""
        self._embedded_up_to = 0
        self._thread = BackgroundThread(self._run, "rememberer")

    @property
    def error(self) -> str:
        """Why the last piece of work failed, or ""."""
        return self._error

    def start(self) -> None:
        """Start the thread; returns at once."""
        if self._embedder is not None:
            self._embedder.start()
        self._thread.start()

    def remember(self, turn_id: int) -> None:
        """Queue a turn to be remembered; returns at once."""
        with self._lock:  # otherwise the thread could set itself idle between these two
            self._idle.clear()
            self._queue.put(turn_id)

    def wake(self) -> None:
        """Queue a look for memories without a vector, after some were added or edited."""
        self.remember(0)

    def settled(self, timeout: float | None = None) -> bool:
        """Wait until the queue is done; False on timeout."""
        return self._idle.wait(timeout)

    def close(self) -> None:
        """Stop after the current piece of work; the next start finds what is left."""
        self._closing.set()
        self._queue.put(None)
        self._thread.end()

    def _run(self) -> None:
        self._step(self._load)
        self._step(self._catch_up)
        self._step(self._embed_all)
        while not self._closing.is_set():
            with self._lock:
                if self._queue.empty():
                    self._idle.set()
            turns = self._take_queue()
            if self._closing.is_set():
                return
            self._step(partial(self._write, turns))

    def _take_queue(self) -> list[int]:
        """Everything in the queue; waits for at least one entry."""
        queued = [self._queue.get()]
        while not self._queue.empty():
            queued.append(self._queue.get())
        return [turn_id for turn_id in queued if turn_id]

    def _step(self, work: Callable[[], None]) -> None:
        """Memory must never end a chat: an error is kept for the pane, and the thread goes on."""
        if self._closing.is_set():
            return
        try:
            work()
            self._error = ""
        except Exception as error:  # noqa: BLE001 - callers would wait for ever for a dead thread
            self._error = user_message(error)

    def _load(self) -> None:
        if self._embedder is not None:
            dim = self._vectors.size(self._embedder.model) // 4
            if dim:
                self._live.set_dim(dim)
        self._live.load()

    def _catch_up(self) -> None:
        while not self._closing.is_set():
            turns = self._memories.unremembered(_CATCH_UP_BATCH)
            if not turns or not self._memories.remember_turns(turns):
                break
            self._live.follow()

    def _write(self, turns: list[int]) -> None:
        if self._memories.remember_turns(turns) < len(turns):
            for turn_id in turns:
                self._memories.update_turn_text(turn_id)
        self._live.follow()
        # An edit or an addition (``wake``) may affect any memory, a turn only the newest ones.
        self._embed_all(above=self._embedded_up_to if turns else 0)
        if not self._closing.is_set():
            self._memories.scrub()

    def _embed_all(self, above: int = 0) -> None:
        """Embed memories, newest first, and in the end drop the vectors of other models."""
        embedder = self._embedder
        if embedder is None:
            return
        upper, newest = _MAX_ID, self._embedded_up_to
        while not self._closing.is_set():
            batch = self._vectors.missing(embedder.model, above, upper, _EMBED_BATCH)
            if batch:
                self._embed(embedder, batch)
                if self._closing.is_set():
                    return
                upper, newest = batch[-1].id, max(newest, batch[0].id)
                self._notify(embedder.model)
            if len(batch) < _EMBED_BATCH:
                self._embedded_up_to = newest
                break
        if not above and not self._closing.is_set():
            self._vectors.keep_only(embedder.model)

    def _embed(self, embedder: Embedder, batch: list[Unembedded]) -> None:
        wordings = list({item.hash: item for item in batch}.values())
        with self._thread.waiting():
            rows = embedder.encode([with_speaker(item.speaker, item.text) for item in wordings])
        if self._closing.is_set():
            return
        self._live.set_dim(rows.shape[1])
        hashes = [item.hash for item in wordings]
        data = rows.astype("<f4")
        self._vectors.put(
            embedder.model, [(key, row.tobytes()) for key, row in zip(hashes, data, strict=True)]
        )
        self._live.put_vectors(hashes, rows)

    def _notify(self, model: str) -> None:
        if self._listeners:
            progress = self._vectors.progress(model)
            for listener in self._listeners:
                listener(*progress)
