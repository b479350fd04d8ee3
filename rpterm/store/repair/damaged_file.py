"""Reads, through SQLite, what is readable of a damaged database file.

It mends the header and the first page of a copy and reads rows around damaged pages. It knows a
little of SQLite's file format and nothing about our tables.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from rpterm.store.repair.page_parser import page_size

_MAX_ROWID = 2**62
_HEADER_BYTES = 100
_PAGE_COUNT = slice(28, 32)
_FREE_PAGES = slice(32, 40)


def open_damaged(path: Path, folder: Path, sound: Path) -> sqlite3.Connection:
    """Open a copy of a damaged file, after mending its first page if necessary.

    Args:
        folder: A folder for the copy; the file itself is not touched.
        sound: A fresh database of the same schema. Its first page can replace a lost one, because
            the migrations put each table's root at the same place in every file.

    Raises:
        sqlite3.DatabaseError: Nothing can be read.
    """
    copy = copy_with_log(path, folder)
    for mend in (_keep_as_is, _fit_size, _replace_header, _replace_first_page):
        mend(copy, sound.read_bytes())
        connection = sqlite3.connect(copy, isolation_level=None)
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            connection.execute("SELECT count(*) FROM turns WHERE id < 0").fetchone()
            return connection
        except sqlite3.DatabaseError:
            connection.close()
    raise sqlite3.DatabaseError("no table was found in it")


def copy_with_log(path: Path, folder: Path) -> Path:
    """Copy a file with its write-ahead log, replacing an earlier copy; the copy may be changed.

    The file must not be open in this process: reading it by hand drops SQLite's locks on it.
    """
    copy = folder / "damaged.db"
    for ending in ("-wal", "-shm"):
        copy.with_name(copy.name + ending).unlink(missing_ok=True)
    shutil.copyfile(path, copy)
    log = path.with_name(path.name + "-wal")
    if log.exists():
        shutil.copyfile(log, copy.with_name(copy.name + "-wal"))
    return copy


def readable_rows(
    connection: sqlite3.Connection, table: str, columns: list[str]
) -> Iterator[list[Any]]:
    """The readable rows of a table in rowid order, skipping damaged pages.

    A table without rowids is read up to its first damaged page.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    if not _has_rowid(connection, table):
        with suppress(sqlite3.DatabaseError):
            yield from map(list, connection.execute(f'SELECT {names} FROM "{table}"'))
        return
    query = f'SELECT rowid, {names} FROM "{table}" NOT INDEXED WHERE rowid > ? ORDER BY rowid'
    position = 0
    while True:
        try:
            for row in connection.execute(query, (position,)):
                position = row[0]
                yield list(row[1:])
            return
        except sqlite3.DatabaseError:
            found = _next_readable(connection, query, position)
        if found is None:
            return
        position = found[0]
        yield list(found[1:])


def _has_rowid(connection: sqlite3.Connection, table: str) -> bool:
    query = "SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'"
    found = connection.execute(query, (table,)).fetchone()
    return found is None or not found[0]


def _next_readable(
    connection: sqlite3.Connection, query: str, after: int
) -> tuple[Any, ...] | None:
    """The first readable row after the rowid where reading failed, found by binary search."""

    def read_after(rowid: int) -> tuple[bool, tuple[Any, ...] | None]:
        try:
            return True, connection.execute(f"{query} LIMIT 1", (rowid,)).fetchone()
        except sqlite3.DatabaseError:
            return False, None

    readable, row = read_after(after)
    if readable:
        return row
    low, step = after, 1
    while not read_after(low + step)[0]:
        low, step = low + step, step * 2
        if low > _MAX_ROWID:
            return None
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if read_after(middle)[0] else (middle, high)
    return read_after(high)[1]


def _keep_as_is(copy: Path, sound: bytes) -> None:
    """Change nothing: the first page may be intact."""


def _fit_size(copy: Path, sound: bytes) -> None:
    """Repair a truncated file: SQLite rejects one that is shorter than its header says."""
    size = page_size(sound)
    content = bytearray(copy.read_bytes())
    content += bytes(-len(content) % size)
    content[_PAGE_COUNT] = (len(content) // size).to_bytes(4, "big")
    content[_FREE_PAGES] = bytes(8)
    copy.write_bytes(content)


def _replace_header(copy: Path, sound: bytes) -> None:
    """Replace a lost header: it is the same in all our files except for the counts."""
    content = bytearray(copy.read_bytes())
    content[:_HEADER_BYTES] = sound[:_HEADER_BYTES]
    copy.write_bytes(content)
    _fit_size(copy, sound)


def _replace_first_page(copy: Path, sound: bytes) -> None:
    """Replace the first page, if the list of tables is lost too."""
    content = bytearray(copy.read_bytes())
    content[: page_size(sound)] = sound[: page_size(sound)]
    copy.write_bytes(content)
    _fit_size(copy, sound)
