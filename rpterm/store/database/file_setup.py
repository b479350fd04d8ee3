"""Prepares a database file for use: creates and checks it, and ends dead streams."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from pathlib import Path

from rpterm.errors import cause_of
from rpterm.store.database.process_locks import is_alive
from rpterm.store.errors import StoreError

_ALWAYS_CHECKED_BYTES = 4 * 1024 * 1024
_CHECK_INTERVAL_S = 7 * 24 * 3600.0
_LAST_CHECK_FLAG = "store.checked"


def create_file(path: Path) -> None:
    """Create the folder and an empty file that only its owner can read.

    Raises:
        StoreError: The file cannot be created or is not writable.
    """
    if path.is_dir():
        raise StoreError(f"{path} is a folder, not a database. Name a file inside it instead.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _create(path)
    except OSError as error:
        raise StoreError(
            f"The database {path} cannot be written: {cause_of(error)}. Make its folder writable "
            "for you, or set RPTERM_HOME to another one."
        ) from error


def _create(path: Path) -> None:
    """Create the file unless it exists.

    An existing file is never opened here. This process may have connections to it, and closing
    any descriptor of a file drops all POSIX locks that the process holds on it: the next process
    to close the database would think it is the last one and delete the log while others use it.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None


def is_read_only(path: Path) -> bool:
    """Whether the file exists, but SQLite cannot write it or create its log next to it."""
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)
    return path.is_file() and not writable


def check_health(connection: sqlite3.Connection, path: Path) -> None:
    """Check the file's structure when that is due.

    Raises:
        StoreError: The file is damaged.
    """
    if _check_is_due(connection, path):
        problems = structure_problems(connection)
        if problems:
            raise StoreError(
                f"The database {path} is damaged: {problems[0]}. Run `rpterm doctor --repair` to "
                "save what is readable (the damaged file is kept), or restore your last backup."
            )
        connection.execute(
            "INSERT OR REPLACE INTO flags (key, value) VALUES (?, ?)",
            (_LAST_CHECK_FLAG, str(time.time())),
        )


def structure_problems(connection: sqlite3.Connection) -> list[str]:
    """Problems that SQLite finds in the file's structure; an empty list means it is sound."""
    rows = [str(row[0]) for row in connection.execute("PRAGMA quick_check(10)")]
    return [] if rows == ["ok"] else [" ".join(row.split()) for row in rows]


def mark_dead_streams_partial(connection: sqlite3.Connection, path: Path) -> int:
    """Mark turns that dead processes were streaming as partial; leave those of running ones.

    Returns:
        The number of turns changed.
    """
    ended = 0
    owners = connection.execute("SELECT DISTINCT owner FROM turns WHERE status = 'streaming'")
    for (owner,) in owners.fetchall():
        if not is_alive(path, owner):
            # The owner's name stays: if it is alive after all, it can take its turn back.
            cursor = connection.execute(
                "UPDATE turns SET status = 'partial' WHERE status = 'streaming' AND owner IS ?",
                (owner,),
            )
            ended += cursor.rowcount
    return ended


def _check_is_due(connection: sqlite3.Connection, path: Path) -> bool:
    """A small file is checked at every start, a large one (1 s per 500 MB) once a week."""
    if path.stat().st_size <= _ALWAYS_CHECKED_BYTES:
        return True
    query = "SELECT value FROM flags WHERE key = ?"
    row = connection.execute(query, (_LAST_CHECK_FLAG,)).fetchone()
    return row is None or not 0 <= time.time() - float(row[0]) < _CHECK_INTERVAL_S
