"""Stores embeddings of lines that rarely change in files, so that later runs can load them.

Embedding the 486 everyday lines (see ``similarity``) takes 3.6 seconds on two cores, just when a
chat opens, and those of a card and of those it is compared with more than a second; loading them
takes milliseconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from rpterm.paths import prune_cache, touch, write_cache

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]
_MOST_BYTES = 16 << 20
"""The lines of some three hundred cards."""
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, BadZipFile)


class EmbeddingFolder:
    """A file for each list of lines, such as those of one card, by one model.

    A file that is missing or damaged is computed anew; if it cannot be written, the next run
    computes it again. A new file takes the place of those not used for long.
    """

    def __init__(self, folder: Path, model: str) -> None:
        self._folder, self._model = folder, model

    def rows(self, lines: Sequence[str], encode: Encode) -> Floats:
        """One row per line, loaded from the file or computed with ``encode`` and stored."""
        key = hashlib.sha256("\0".join([self._model, *lines]).encode()).hexdigest()
        file = self._folder / f"{key[:32]}.npz"
        rows = _read(file)
        if rows is None or len(rows) != len(lines):
            rows = encode(lines)
            archive = BytesIO()
            np.savez(archive, rows=rows)
            write_cache(file, archive.getvalue())
            prune_cache(self._folder, "*.npz", _MOST_BYTES)
        touch(file)
        return rows


def _read(file: Path) -> Floats | None:
    try:
        with np.load(file, allow_pickle=False) as stored:
            return np.asarray(stored["rows"], np.float32)
    except _UNREADABLE:
        return None
