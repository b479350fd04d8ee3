"""Reads training data from an export's folder, a folder of files, or a single file.

It yields one row at a time with its file and line, so that a bad row can be named. The name of a
file determines its split.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rpterm.errors import RptermError, cause_of
from rpterm.preference.check.examples import Example, RowError, parse_row
from rpterm.preference.export_folder import MANIFEST, review_file

_TEST_NAME = re.compile(r"(?<![a-z])(test|eval|valid|validation|dev)(?![a-z])", re.IGNORECASE)
_SUFFIXES = (".jsonl", ".json", ".parquet")
_BATCH = 500


class Located(NamedTuple):
    """A row, where it is (``file:line``), and its split; a bad one has an error and no example."""

    where: str
    split: str
    example: Example | None = None
    error: str = ""


def manifest(path: Path) -> dict[str, Any]:
    """The manifest of an export; empty for foreign data."""
    try:
        content = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def options_of(about: Mapping[str, Any]) -> dict[str, Any]:
    """What an export was written with, from its manifest; empty if that does not say."""
    options = about.get("about")
    return options if isinstance(options, dict) else {}


def limit_of(about: Mapping[str, Any]) -> int:
    """The ``--max-tokens`` of an export, from its manifest; 0 if there is none."""
    limit = options_of(about).get("max_tokens")
    return limit if isinstance(limit, int) else 0


def exports(path: Path) -> list[Path]:
    """The paths to check separately: the exports in a folder of exports, or the path itself.

    Raises:
        RptermError: The folder contains data files besides the exports.
    """
    if not path.is_dir() or (path / MANIFEST).is_file():
        return [path]
    inside = sorted(each.parent for each in path.glob(f"*/{MANIFEST}"))
    known = {*inside, *map(review_file, inside)}
    others = [each for each in path.iterdir() if each not in known and _has_rows(each)]
    if inside and others:
        raise RptermError(
            f"{path} contains exports and also {others[0].name}: check them one by one."
        )
    return inside or [path]


def _has_rows(path: Path) -> bool:
    return any(each.suffix in _SUFFIXES for each in (path.rglob("*") if path.is_dir() else [path]))


def data_files(path: Path) -> list[Path]:
    """The data files of a path.

    Raises:
        RptermError: There are none.
    """
    if path.is_file():
        return [path]
    if not path.exists():
        raise RptermError(f"There is no file or folder {path}.")
    inside = path / "data" if (path / MANIFEST).is_file() else path
    found = sorted(
        each for each in inside.rglob("*")
        if each.suffix in _SUFFIXES and each.is_file() and each.name != "dataset_info.json"
    )  # fmt: skip
    if not found:
        raise RptermError(f"There is no JSONL or Parquet file in {path}.")
    return found


def read_rows(path: Path) -> Iterator[Located]:
    """All rows of all files, in order.

    Raises:
        RptermError: There is nothing to read, or a file cannot be read.
    """
    for file in data_files(path):
        name = str(file.relative_to(path)) if path.is_dir() else file.name
        split = split_of(file)
        for number, row in raw_rows(file):
            where = f"{name}:{number}"
            try:
                yield Located(where, split, parse_row(row))
            except RowError as error:
                yield Located(where, split, error=str(error))


def split_of(file: Path) -> str:
    """``train`` or ``test``, according to the file's name."""
    return "test" if _TEST_NAME.search(file.stem) else "train"


def raw_rows(file: Path) -> Iterator[tuple[int, Any]]:
    """The raw rows of a file with their numbers, or a ``RowError`` for each one that is invalid.

    Raises:
        RptermError: The file cannot be read.
    """
    try:
        yield from _parquet_rows(file) if file.suffix == ".parquet" else _json_rows(file)
    except (OSError, UnicodeDecodeError) as error:
        raise RptermError(f"{file} cannot be read ({cause_of(error)}).") from error


def _json_rows(file: Path) -> Iterator[tuple[int, Any]]:
    """The rows of a JSON lines file, or of a JSON array, which some tools write."""
    with file.open(encoding="utf-8-sig", newline="\n") as lines:
        start = lines.read(1)
        lines.seek(0)
        if start == "[" and file.suffix == ".json":
            yield from _array_rows(lines.read())
            return
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _parse_json(line)


def _array_rows(text: str) -> Iterator[tuple[int, Any]]:
    rows = _parse_json(text)
    if isinstance(rows, RowError):
        yield 1, rows
        return
    yield from enumerate(rows, 1)


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return RowError("it is not JSON")


def _parquet_rows(file: Path) -> Iterator[tuple[int, Any]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise RptermError(
            f"{file} needs pyarrow, which is not installed: `pip install 'rpterm[train]'`."
        ) from error
    try:
        number = 0
        for batch in pq.ParquetFile(file).iter_batches(_BATCH):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except pa.ArrowInvalid as error:
        raise RptermError(f"{file} is not a Parquet file, or it is damaged.") from error
