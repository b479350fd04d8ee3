"""A cache of sentence embeddings for the signals. Does not know which model computes them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_REMEMBERED = 4000


class Embedder(Protocol):
    """The part of the memory's embedder that scoring uses."""

    @property
    def state(self) -> str:
        """``ready`` when ``encode`` answers within tens of milliseconds per text."""
        ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """Unit vectors, one row per text; blocks until they are computed."""
        ...

    def start_encoding(self, texts: Sequence[str]) -> Callable[[], Floats]:
        """Start ``encode`` ahead of everything that can wait; the returned function waits."""
        ...


class EmbeddingCache:
    """An LRU cache from text to vector: the lines of a card are embedded once. Thread-safe."""

    def __init__(self, embed: Embedder) -> None:
        self._embed = embed
        self._rows: OrderedDict[str, Floats] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def ready(self) -> bool:
        return self._embed.state == "ready"

    def missing(self, texts: Sequence[str]) -> int:
        """The number of different texts that are not in the cache."""
        return len(self._uncached(texts))

    def start_embedding(self, texts: Sequence[str]) -> Callable[[], None]:
        """Start embedding the texts that are not cached; the returned function waits for them."""
        new = self._uncached(texts)
        rows = self._embed.start_encoding(new)
        return lambda: self.put(dict(zip(new, rows(), strict=True)))

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Unit vectors, one row per text."""
        rows = self._cached(texts)
        # The lock is not held meanwhile: a reply that is being scored must not wait for a card.
        if new := [text for text in dict.fromkeys(texts) if text not in rows]:
            rows.update(zip(new, self._embed.encode(new), strict=True))
        self.put(rows)
        return np.stack([rows[text] for text in texts])

    def _uncached(self, texts: Sequence[str]) -> list[str]:
        rows = self._cached(texts)
        return [text for text in dict.fromkeys(texts) if text not in rows]

    def _cached(self, texts: Sequence[str]) -> dict[str, Floats]:
        with self._lock:
            return {text: self._rows[text] for text in texts if text in self._rows}

    def put(self, rows: Mapping[str, Floats]) -> None:
        """Mark these as most recently used: what every turn asks for is never evicted."""
        with self._lock:
            for text, row in rows.items():
                self._rows[text] = row
                self._rows.move_to_end(text)
            while len(self._rows) > _REMEMBERED:
                self._rows.popitem(last=False)
