"""Reads training data wherever it lies: an export's folder, a folder of files, or one file.

Rows come one at a time, each with its file and line, so that a bad one can be named. A file belongs
to the split that its name tells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rpterm.marks import why
from rpterm.preference.check.examples import Example, RowError, recognise
from rpterm.preference.writing import MANIFEST, ExportError

_TEST = re.compile(r"(?<![a-z])(test|eval|valid|validation|dev)(?![a-z])", re.IGNORECASE)
_SUFFIXES = (".jsonl", ".json", ".parquet")
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Located:
    """A row and where it stands; ``example`` is ``None`` and ``error`` says why, or it is good."""

    file: str
    line: int
    split: str
    example: Example | None = None
    error: str = ""

    @property
    def where(self) -> str:
        """For people: file and line."""
        return f"{self.file}:{self.line}"


def manifest(path: Path) -> dict[str, Any]:
    """What an export says about itself; empty for foreign data."""
    try:
        found = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def exports(path: Path) -> list[Path]:
    """What is looked at by itself: the exports in a folder of them, each for its own trainer; else
    the path as it is.

    Raises:
        ExportError: Rows lie beside the exports, of which nobody would know what they are.
    """
    if not path.is_dir() or (path / MANIFEST).is_file():
        return [path]
    inside = sorted(each.parent for each in path.glob(f"*/{MANIFEST}"))
    beside = [each for each in path.iterdir() if each not in inside and inside and _has_rows(each)]
    if beside:
        raise ExportError(
            f"{path} holds exports and, beside them, {beside[0].name}: check them one by one."
        )
    return inside or [path]


def _has_rows(path: Path) -> bool:
    return any(each.suffix in _SUFFIXES for each in (path.rglob("*") if path.is_dir() else [path]))


def files(path: Path) -> list[Path]:
    """The files with rows.

    Raises:
        ExportError: There is none.
    """
    if path.is_file():
        return [path]
    if not path.exists():
        raise ExportError(f"There is no file or folder {path}.")
    inside = path / "data" if (path / MANIFEST).is_file() else path
    found = sorted(
        each for each in inside.rglob("*")
        if each.suffix in _SUFFIXES and each.is_file() and each.name != "dataset_info.json"
    )  # fmt: skip
    if not found:
        raise ExportError(f"There is no JSONL and no Parquet file in {path}.")
    return found


def read(path: Path) -> Iterator[Located]:
    """Every row of all files, in their order.

    Raises:
        ExportError: There is nothing to read, or a file cannot be read.
    """
    for file in files(path):
        name = str(file.relative_to(path)) if path.is_dir() else file.name
        for number, row in raw_rows(file):
            yield _located(name, number, split_of(file), row)


def split_of(file: Path) -> str:
    """``train`` or ``test``, by the file's name."""
    return "test" if _TEST.search(file.stem) else "train"


def raw_rows(file: Path) -> Iterator[tuple[int, Any]]:
    """Rows with their numbers, as they stand there; a ``RowError`` for each that is none.

    Raises:
        ExportError: The file cannot be read.
    """
    try:
        yield from _parquet(file) if file.suffix == ".parquet" else _lines(file)
    except (OSError, UnicodeDecodeError) as error:
        raise ExportError(f"{file} cannot be read ({why(error)}).") from error


def _located(name: str, number: int, split: str, row: Any) -> Located:
    if isinstance(row, RowError):
        return Located(name, number, split, error=str(row))
    try:
        return Located(name, number, split, recognise(row))
    except RowError as error:
        return Located(name, number, split, error=str(error))


def _lines(file: Path) -> Iterator[tuple[int, Any]]:
    """Rows of JSON lines, or of one JSON array, as some readers write it."""
    with file.open(encoding="utf-8-sig", newline="\n") as lines:
        start = lines.read(1)
        lines.seek(0)
        if start == "[" and file.suffix == ".json":
            yield from _array(lines.read())
            return
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _parsed(line)


def _array(text: str) -> Iterator[tuple[int, Any]]:
    found = _parsed(text)
    if isinstance(found, RowError):
        yield 1, found
        return
    yield from enumerate(found, 1)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return RowError("it is no JSON")


def _parquet(file: Path) -> Iterator[tuple[int, Any]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ExportError(
            f"{file} needs pyarrow, which is not installed: `pip install 'rpterm[train]'`."
        ) from error
    try:
        number = 0
        for batch in pq.ParquetFile(file).iter_batches(_BATCH):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except pa.ArrowInvalid as error:
        raise ExportError(f"{file} is no Parquet file, or it is damaged.") from error
