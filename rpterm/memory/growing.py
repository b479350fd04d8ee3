"""An array that grows at its end. Knows nothing of what it holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Growing:
    """A one-dimensional array with room to spare; ``view`` is the part in use, writable."""

    def __init__(self, dtype: DTypeLike, fill: float = 0) -> None:
        self._fill = fill
        self._all: NDArray[Any] = np.full(256, fill, dtype)
        self._used = 0

    def __len__(self) -> int:
        return self._used

    @property
    def view(self) -> NDArray[Any]:
        """The elements; the array is another one after the next ``grow``."""
        return self._all[: self._used]

    def append(self, value: float) -> None:
        """Add one element."""
        self.grow(1)
        self._all[self._used - 1] = value

    def grow(self, by: int) -> None:
        """Add elements that hold the fill value."""
        self._used += by
        if self._used > len(self._all):
            room = np.full(max(self._used, 2 * len(self._all)), self._fill, self._all.dtype)
            room[: len(self._all)] = self._all
            self._all = room
