"""Sentence vectors as the signals see them: remembered, and asked for only when they are near.

Does not know which model makes them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_REMEMBERED = 4000


class Embed(Protocol):
    """What the memory's embedder offers; only this is asked of it."""

    @property
    def state(self) -> str:
        """``ready`` when ``encode`` answers in tens of milliseconds a text."""
        ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """Unit vectors, one row each; waits."""
        ...

    def begin(self, texts: Sequence[str]) -> Callable[[], Floats]:
        """The same, before everything that can wait; what is returned waits for them."""
        ...


class Remembered:
    """Vectors by text; the lines of a card are embedded once. May be used from any thread."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._rows: OrderedDict[str, Floats] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def ready(self) -> bool:
        return self._embed.state == "ready"

    def missing(self, texts: Sequence[str]) -> int:
        """How many different texts would have to be embedded."""
        return len(self._new(texts))

    def begin(self, texts: Sequence[str]) -> Callable[[], None]:
        """Ask at once for what is not known; what is returned waits until it is."""
        new = self._new(texts)
        rows = self._embed.begin(new)
        return lambda: self._keep(dict(zip(new, rows(), strict=True)))

    def __call__(self, texts: Sequence[str]) -> Floats:
        rows = self._known(texts)
        # The lock is not held meanwhile: a reply that is being scored shall not wait for a card.
        if new := [text for text in dict.fromkeys(texts) if text not in rows]:
            rows.update(zip(new, self._embed.encode(new), strict=True))
        self._keep(rows)
        return np.stack([rows[text] for text in texts])

    def _new(self, texts: Sequence[str]) -> list[str]:
        rows = self._known(texts)
        return [text for text in dict.fromkeys(texts) if text not in rows]

    def _known(self, texts: Sequence[str]) -> dict[str, Floats]:
        with self._lock:
            return {text: self._rows[text] for text in texts if text in self._rows}

    def _keep(self, rows: Mapping[str, Floats]) -> None:
        """Remember these the longest: what is asked for every turn is never forgotten."""
        with self._lock:
            for text, row in rows.items():
                self._rows[text] = row
                self._rows.move_to_end(text)
            while len(self._rows) > _REMEMBERED:
                self._rows.popitem(last=False)
