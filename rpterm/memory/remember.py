"""Writes memory off the reply's path: one thread that remembers, embeds and tidies.

``remember`` only puts a number in a queue. Everything is redone from the database at the start:
turns without a memory and memories without a vector are found by looking, so a kill at any moment
costs nothing but the time to look again.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

from rpterm.defect import told
from rpterm.memory.embed import Embedder
from rpterm.memory.shelf import Shelf
from rpterm.memory.wording import spoken
from rpterm.store.memories import Memories
from rpterm.store.memory_vectors import MemoryVectors, Unembedded

_BLOCK = 64
_NEWEST = 2**62
_SWEEP = 1000


class Rememberer:
    """The writing thread of one character's memory.

    Args:
        embedder: ``None`` serves with words alone.
        listeners: Each is told (vectors done, vectors wanted) while it embeds, in its thread.
    """

    def __init__(
        self,
        memories: Memories,
        vectors: MemoryVectors,
        shelf: Shelf,
        embedder: Embedder | None,
        listeners: Sequence[Callable[[int, int], object]] = (),
    ) -> None:
        self._memories = memories
        self._vectors = vectors
        self._shelf = shelf
        self._embedder = embedder
        self._listeners = listeners
        self._queue: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self._closing = threading.Event()
        self._idle = threading.Event()
        self._error = ""
        self._embedded = 0
        self._thread = threading.Thread(target=self._run, name="rememberer", daemon=True)

    @property
    def error(self) -> str:
        """Why the last piece of work failed, or ""."""
        return self._error

    def start(self) -> None:
        """Begin; returns at once."""
        if self._embedder is not None:
            self._embedder.start()
        self._thread.start()

    def remember(self, turn_id: int) -> None:
        """Remember a turn soon; returns at once."""
        with self._guard:  # else the thread could call itself idle between these two
            self._idle.clear()
            self._queue.put(turn_id)

    def wake(self) -> None:
        """Look for memories without a vector soon: some were added or edited."""
        self.remember(0)

    def settled(self, timeout: float | None = None) -> bool:
        """Wait until all that was asked is done; False on timeout."""
        return self._idle.wait(timeout)

    def close(self) -> None:
        """Stop after the piece of work at hand; what is left is found again at the next start."""
        self._closing.set()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        self._step(self._load)
        self._step(self._catch_up)
        self._step(self._embed_all)
        while not self._closing.is_set():
            with self._guard:
                if self._queue.empty():
                    self._idle.set()
            asked = self._take()
            if self._closing.is_set():
                return
            self._step(lambda turns=asked: self._write(turns))  # type: ignore[misc]

    def _take(self) -> list[int]:
        """All that waits in the queue, at least one."""
        asked = [self._queue.get()]
        while not self._queue.empty():
            asked.append(self._queue.get())
        return [turn_id for turn_id in asked if turn_id]

    def _step(self, work: Callable[[], None]) -> None:
        """Memory must never end a chat: an error is kept for the pane, and the thread goes on."""
        if self._closing.is_set():
            return
        try:
            work()
            self._error = ""
        except Exception as error:  # noqa: BLE001 - who waits for a thread that ended waits for ever
            self._error = told(error)

    def _load(self) -> None:
        if self._embedder is not None:
            dim = self._vectors.size(self._embedder.model) // 4
            if dim:
                self._shelf.dim_is(dim)
        self._shelf.load()

    def _catch_up(self) -> None:
        while not self._closing.is_set():
            turns = self._memories.unremembered(_SWEEP)
            if not turns or not self._memories.remember_turns(turns):
                break
            self._shelf.follow()

    def _write(self, turns: list[int]) -> None:
        if self._memories.remember_turns(turns) < len(turns):
            for turn_id in turns:
                self._memories.refresh_turn(turn_id)
        self._shelf.follow()
        # An edit or an addition (``wake``) may concern any memory, a turn only the newest ones.
        self._embed_all(above=self._embedded if turns else 0)
        self._memories.scrub()

    def _embed_all(self, above: int = 0) -> None:
        """Give memories their vectors, newest first; drop other models' vectors at the end."""
        embedder = self._embedder
        if embedder is None:
            return
        below, newest = _NEWEST, self._embedded
        while not self._closing.is_set():
            block = self._vectors.missing(embedder.model, above, below, _BLOCK)
            if block:
                self._embed(embedder, block)
                below, newest = block[-1].id, max(newest, block[0].id)
                self._tell(embedder.model)
            if len(block) < _BLOCK:
                self._embedded = newest
                break
        if not above and not self._closing.is_set():
            self._vectors.keep_only(embedder.model)

    def _embed(self, embedder: Embedder, block: list[Unembedded]) -> None:
        wordings = list({item.hash: item for item in block}.values())
        rows = embedder.encode([spoken(item.speaker, item.text) for item in wordings])
        self._shelf.dim_is(rows.shape[1])
        hashes = [item.hash for item in wordings]
        data = rows.astype("<f4")
        self._vectors.put(
            embedder.model, [(key, row.tobytes()) for key, row in zip(hashes, data, strict=True)]
        )
        self._shelf.put_vectors(hashes, rows)

    def _tell(self, model: str) -> None:
        if self._listeners:
            progress = self._vectors.progress(model)
            for listener in self._listeners:
                listener(*progress)
