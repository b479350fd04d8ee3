"""Read what is readable of a damaged database file.

Knows SQLite's file format a little and our tables not at all: rows come out by table and number.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from rpterm.store.pages import page_size

_LAST = 2**62
_HEADER = 100
_PAGE_COUNT = slice(28, 32)
_FREE_PAGES = slice(32, 40)


def open_damaged(path: Path, folder: Path, sound: Path) -> sqlite3.Connection:
    """Open a copy of a damaged file, mended as far as its first page allows it.

    Args:
        folder: A folder for the copy; the file itself is not touched.
        sound: A fresh database of the same schema, whose first page stands in for a lost one: the
            migrations put every table's root at the same place in every file.

    Raises:
        sqlite3.DatabaseError: Nothing can be read.
    """
    copy = copy_of(path, folder)
    for mend in (_leave, _fit_size, _new_header, _new_first_page):
        mend(copy, sound.read_bytes())
        connection = sqlite3.connect(copy, isolation_level=None)
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            connection.execute("SELECT count(*) FROM turns WHERE id < 0").fetchone()
            return connection
        except sqlite3.DatabaseError:
            connection.close()
    raise sqlite3.DatabaseError("no table can be found in it")


def copy_of(path: Path, folder: Path) -> Path:
    """Copy a file with its log, over an earlier copy; that one may be opened and changed.

    Nobody may have it open in this process: reading it by hand drops SQLite's locks on it.
    """
    copy = folder / "damaged.db"
    for ending in ("-wal", "-shm"):
        copy.with_name(copy.name + ending).unlink(missing_ok=True)
    shutil.copyfile(path, copy)
    log = path.with_name(path.name + "-wal")
    if log.exists():
        shutil.copyfile(log, copy.with_name(copy.name + "-wal"))
    return copy


def rows(connection: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[list[Any]]:
    """The readable rows of a table in order of their numbers, around the damaged pages.

    A table without row numbers is read until its first damaged page.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    if not _numbered(connection, table):
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


def _numbered(connection: sqlite3.Connection, table: str) -> bool:
    query = "SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'"
    found = connection.execute(query, (table,)).fetchone()
    return found is None or not found[0]


def _next_readable(
    connection: sqlite3.Connection, query: str, after: int
) -> tuple[Any, ...] | None:
    """The first row that can be read after a place where reading failed."""

    def probe(place: int) -> tuple[bool, tuple[Any, ...] | None]:
        try:
            return True, connection.execute(f"{query} LIMIT 1", (place,)).fetchone()
        except sqlite3.DatabaseError:
            return False, None

    good, row = probe(after)
    if good:
        return row
    low, step = after, 1
    while not probe(low + step)[0]:
        low, step = low + step, step * 2
        if low > _LAST:
            return None
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if probe(middle)[0] else (middle, high)
    return probe(high)[1]


def _leave(copy: Path, sound: bytes) -> None:
    """The file may be sound where it matters."""


def _fit_size(copy: Path, sound: bytes) -> None:
    """A cut-off file: SQLite refuses one that is shorter than its header says."""
    size = page_size(sound)
    content = bytearray(copy.read_bytes())
    content += bytes(-len(content) % size)
    content[_PAGE_COUNT] = (len(content) // size).to_bytes(4, "big")
    content[_FREE_PAGES] = bytes(8)
    copy.write_bytes(content)


def _new_header(copy: Path, sound: bytes) -> None:
    """The first hundred bytes are lost: any file of ours has them the same but for counts."""
    content = bytearray(copy.read_bytes())
    content[:_HEADER] = sound[:_HEADER]
    copy.write_bytes(content)
    _fit_size(copy, sound)


def _new_first_page(copy: Path, sound: bytes) -> None:
    """The list of tables is lost too."""
    content = bytearray(copy.read_bytes())
    content[: page_size(sound)] = sound[: page_size(sound)]
    copy.write_bytes(content)
    _fit_size(copy, sound)
