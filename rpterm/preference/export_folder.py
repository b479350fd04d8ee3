"""Writes an export folder atomically, with its JSONL and Parquet files.

Everything is written into a hidden folder next to the target, synced, and then exchanged with it
in one atomic step, so that after a kill -9 at any moment either the old or the new export exists.
Where the system has no atomic exchange (Windows), there are two renames, and the next export
repairs the state after a kill between them. Only a folder written by an export is ever replaced.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from rpterm.errors import RptermError, cause_of
from rpterm.text.json_lines import json_line

MANIFEST = "rpterm-export.json"
"""The file that marks a folder as an export and describes it."""


def review_file(target: Path) -> Path:
    """The file next to an export that lists what was removed from it as personal data."""
    return target.with_name(f"{target.name}-scrubbed.jsonl")


@contextmanager
def replace_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder to write into; it replaces ``target`` if the block ends without an error.

    Raises:
        RptermError: ``target`` was not written by an export, or cannot be written.
    """
    target = target.absolute()
    new, old = (target.with_name(f".{target.name}.rpterm-{part}") for part in ("new", "old"))
    try:
        _finish_interrupted(target, old)
        _check_replaceable(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(new)
        new.mkdir()
        try:
            yield new
        except BaseException:
            _remove(new)
            raise
        _sync(new)
        _replace(new, target, old)
        _remove(new)
        _remove(old)
    except OSError as error:
        raise RptermError(
            f"{target} cannot be written ({cause_of(error)}). Choose another folder, or free some "
            "space; an earlier export there is unchanged."
        ) from error


def _check_replaceable(target: Path) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not (target / MANIFEST).is_file() or target.is_symlink():
        raise RptermError(
            f"{target} exists and is not an export of rpterm, so it is not replaced. Choose a new "
            "folder, or remove it yourself."
        )


def _finish_interrupted(target: Path, old: Path) -> None:
    if old.exists() and not target.exists():
        old.rename(target)
    _remove(old)


def _replace(new: Path, target: Path, old: Path) -> None:
    if not target.exists():
        new.rename(target)
    elif not _exchange_atomically(new, target):
        target.rename(old)
        new.rename(target)
    if os.name == "posix":
        _sync_path(target.parent)


def _exchange_atomically(one: Path, other: Path) -> bool:
    """Exchange two folders atomically; return False if the system cannot."""
    names = os.fsencode(one), os.fsencode(other)
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "linux":
            return bool(libc.renameat2(-100, names[0], -100, names[1], ctypes.c_uint(2)) == 0)
        if sys.platform == "darwin":
            return bool(libc.renamex_np(names[0], names[1], ctypes.c_uint(2)) == 0)
    return False


def _remove(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file() or os.name == "posix":
            _sync_path(path)


def _sync_path(path: Path) -> None:
    # Windows can sync only files that are open for writing.
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class JsonlWriter:
    """A JSONL file that is created with its first row and counts its rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> JsonlWriter:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: dict[str, Any]) -> None:
        """Write one row."""
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("wb", buffering=1 << 20)
        self._file.write(f"{json_line(row)}\n".encode())
        self.rows += 1


def to_parquet(path: Path) -> Path:
    """Replace a JSONL file by a Parquet file with one schema for all rows.

    Raises:
        RptermError: ``pyarrow`` is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise RptermError(
            "Parquet needs pyarrow, which is not installed: `pip install 'rpterm[train]'`, or "
            "export JSONL."
        ) from error
    schema = pa.unify_schemas(
        [pa.Table.from_pylist(batch).schema for batch in _batches(path)],
        promote_options="permissive",
    )
    parquet = path.with_suffix(".parquet")
    with pq.ParquetWriter(parquet, schema, compression="zstd") as writer:
        for batch in _batches(path):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
    path.unlink()
    return parquet


def _batches(path: Path) -> Iterator[list[dict[str, Any]]]:
    with path.open(encoding="utf-8") as file:
        rows = map(json.loads, file)
        while batch := list(islice(rows, 2000)):
            yield batch
