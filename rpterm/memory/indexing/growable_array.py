"""An array that grows at its end. Knows nothing about its contents."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class GrowableArray:
    """A one-dimensional array with spare capacity; ``view`` is the part in use and is writable."""

    def __init__(self, dtype: DTypeLike, fill: float = 0) -> None:
        self._fill_value = fill
        self._buffer: NDArray[Any] = np.full(256, fill, dtype)
        self._used = 0

    def __len__(self) -> int:
        return self._used

    @property
    def view(self) -> NDArray[Any]:
        """The elements. After the next ``grow`` this may be a different array."""
        return self._buffer[: self._used]

    def append(self, value: float) -> None:
        """Append one element."""
        self.grow(1)
        self._buffer[self._used - 1] = value

    def grow(self, by: int) -> None:
        """Append ``by`` elements that hold the fill value."""
        self._used += by
        if self._used > len(self._buffer):
            capacity = max(self._used, 2 * len(self._buffer))
            larger = np.full(capacity, self._fill_value, self._buffer.dtype)
            larger[: len(self._buffer)] = self._buffer
            self._buffer = larger
