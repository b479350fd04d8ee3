"""Vectors of lines that are the same in every run, kept in one file from run to run.

The 486 everyday lines (``fit``) take 3.6 seconds to embed on two cores, just when a chat opens;
read from the file, 6 milliseconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from rpterm.paths import keep

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]
_BROKEN = (OSError, ValueError, KeyError, EOFError, BadZipFile)


class Kept:
    """The vectors of some lines by one model.

    Args:
        file: Where they are kept (``.npz``). What cannot be read there is made again, what cannot
            be written is made again in the next run.
        model: Whose vectors they are.
    """

    def __init__(self, file: Path, model: str) -> None:
        self._file, self._model = file, model

    def rows(self, lines: Sequence[str], encode: Encode) -> Floats:
        """One row for each line, as ``encode`` makes them."""
        mark = hashlib.sha256("\0".join([self._model, *lines]).encode()).hexdigest()
        found = self._read(mark)
        if found is None or len(found) != len(lines):
            found = encode(lines)
            self._write(mark, found)
        return found

    def _read(self, mark: str) -> Floats | None:
        try:
            with np.load(self._file, allow_pickle=False) as stored:
                if str(stored["mark"]) == mark:
                    return np.asarray(stored["rows"], np.float32)
        except _BROKEN:
            pass
        return None

    def _write(self, mark: str, rows: Floats) -> None:
        archive = BytesIO()
        np.savez(archive, mark=mark, rows=rows)
        keep(self._file, archive.getvalue())
