"""Sentence vectors as the signals see them: remembered, and asked for only when they are near.

Does not know which model makes them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
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
        return sum(text not in self._rows for text in dict.fromkeys(texts))

    def __call__(self, texts: Sequence[str]) -> Floats:
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if new:
            self._rows.update(zip(new, self._embed.encode(new), strict=True))
        found = np.stack([self._rows[text] for text in texts])
        while len(self._rows) > _REMEMBERED:
            self._rows.popitem(last=False)
        return found
