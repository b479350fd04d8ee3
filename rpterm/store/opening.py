"""What happens to a database file before a store uses it."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from pathlib import Path

from rpterm.marks import why
from rpterm.store.errors import StoreError
from rpterm.store.liveness import alive
from rpterm.store.schema import prepare

_CHECK_BYTES = 4 * 1024 * 1024
_CHECK_EVERY = 7 * 24 * 3600.0
_CHECKED = "store.checked"


def make_place(path: Path) -> None:
    """Make the folder and an empty file that only its owner can read.

    Raises:
        StoreError: That is not possible.
    """
    if path.is_dir():
        raise StoreError(f"{path} is a folder, not a database. Name a file inside it instead.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _make(path)
    except OSError as error:
        raise StoreError(
            f"The database {path} cannot be written: {why(error)}. Make its folder writable "
            "for you, or choose another one with RPTERM_HOME."
        ) from error


def _make(path: Path) -> None:
    """Make the file where there is none.

    One that is there is never opened here. This process may have connections to it, and closing
    any descriptor of a file drops all POSIX locks that the process holds on it: the next program
    to close the database would think itself the last one and delete the log under the others.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None


def open_file(connection: sqlite3.Connection, path: Path) -> None:
    """Migrate the file and look at its health.

    Raises:
        StoreError: It is damaged, foreign, or made by a newer rpterm.
    """
    prepare(connection, path)
    if _check_is_due(connection, path):
        problems = check(connection)
        if problems:
            raise StoreError(
                f"The database {path} is damaged: {problems[0]}. Run `rpterm doctor --repair` to "
                "save what is readable (the damaged file is kept), or put your last backup in its "
                "place."
            )
        connection.execute(
            "INSERT OR REPLACE INTO flags (key, value) VALUES (?, ?)", (_CHECKED, str(time.time()))
        )


def check(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with the file's structure; nothing is good."""
    rows = [str(row[0]) for row in connection.execute("PRAGMA quick_check(10)")]
    return [] if rows == ["ok"] else [" ".join(row.split()) for row in rows]


def repair_streaming(connection: sqlite3.Connection, path: Path) -> int:
    """Turns that a dead process was streaming become partial; those of living ones are left.

    Returns:
        How many there were.
    """
    ended = 0
    owners = connection.execute("SELECT DISTINCT owner FROM turns WHERE status = 'streaming'")
    for (owner,) in owners.fetchall():
        if not alive(path, owner):
            # The owner's name stays: should it live after all, it may take its turn back.
            done = connection.execute(
                "UPDATE turns SET status = 'partial' WHERE status = 'streaming' AND owner IS ?",
                (owner,),
            )
            ended += done.rowcount
    return ended


def _check_is_due(connection: sqlite3.Connection, path: Path) -> bool:
    """A small file is checked at every start, a large one (a second for 500 MB) once a week."""
    if path.stat().st_size <= _CHECK_BYTES:
        return True
    row = connection.execute("SELECT value FROM flags WHERE key = ?", (_CHECKED,)).fetchone()
    return row is None or not 0 <= time.time() - float(row[0]) < _CHECK_EVERY
