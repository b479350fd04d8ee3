"""Vectors small enough to see through: how often each letter stands in a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class Letters:
    state = "ready"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        rows = np.array([[text.lower().count(chr(97 + at)) + 0.01 for at in range(26)]
                         for text in texts], dtype=np.float32)  # fmt: skip
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
