"""Sentence vectors as the signals see them: remembered, and asked for only when they are near.

Does not know which model makes them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
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
    """Vectors by text; the lines of a card are embedded once."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._rows: OrderedDict[str, Floats] = OrderedDict()

    @property
    def ready(self) -> bool:
        return self._embed.state == "ready"

    def missing(self, texts: Sequence[str]) -> int:
        """How many different texts would have to be embedded."""
        return len(self._new(texts))

    def _new(self, texts: Sequence[str]) -> list[str]:
        return [text for text in dict.fromkeys(texts) if text not in self._rows]

    def begin(self, texts: Sequence[str]) -> Callable[[], None]:
        """Ask at once for what is not known; what is returned waits until it is."""
        new = self._new(texts)
        rows = self._embed.begin(new)
        return lambda: self._rows.update(zip(new, rows(), strict=True))

    def __call__(self, texts: Sequence[str]) -> Floats:
        if new := self._new(texts):
            self._rows.update(zip(new, self._embed.encode(new), strict=True))
        found = np.stack([self._rows[text] for text in texts])
        for text in texts:
            self._rows.move_to_end(text)  # What is asked for every turn is never forgotten.
        while len(self._rows) > _REMEMBERED:
            self._rows.popitem(last=False)
        return found
