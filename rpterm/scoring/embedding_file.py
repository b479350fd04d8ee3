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
"""Of one folder: the lines of some three hundred cards."""
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, BadZipFile)


class EmbeddingFile:
    """A file of embeddings that one model computed for one list of lines.

    Args:
        file: The ``.npz`` file. If it is missing, damaged, or of another model or list, the
            embeddings are computed anew; if it cannot be written, the next run computes them again.
        model: The model's name, part of the key.
    """

    def __init__(self, file: Path, model: str) -> None:
        self._file, self._model = file, model

    def rows(self, lines: Sequence[str], encode: Encode) -> Floats:
        """One row per line, loaded from the file or computed with ``encode`` and stored."""
        key = _key(self._model, lines)
        rows = self._read(key)
        if rows is None or len(rows) != len(lines):
            rows = encode(lines)
            self._write(key, rows)
        return rows

    def _read(self, key: str) -> Floats | None:
        try:
            with np.load(self._file, allow_pickle=False) as stored:
                if str(stored["mark"]) == key:
                    return np.asarray(stored["rows"], np.float32)
        except _UNREADABLE:
            pass
        return None

    def _write(self, key: str, rows: Floats) -> None:
        archive = BytesIO()
        np.savez(archive, mark=key, rows=rows)
        write_cache(self._file, archive.getvalue())


class EmbeddingFolder:
    """A file for each list of lines, such as the lines of one card."""

    def __init__(self, folder: Path, model: str) -> None:
        self._folder, self._model = folder, model

    def rows(self, lines: Sequence[str], encode: Encode) -> Floats:
        """As in ``EmbeddingFile``; a new file takes the place of those not used for long."""
        file = self._folder / f"{_key(self._model, lines)[:32]}.npz"
        is_new = not file.exists()
        rows = EmbeddingFile(file, self._model).rows(lines, encode)
        touch(file)
        if is_new:
            prune_cache(self._folder, "*.npz", _MOST_BYTES)
        return rows


def _key(model: str, lines: Sequence[str]) -> str:
    return hashlib.sha256("\0".join([model, *lines]).encode()).hexdigest()
