"""Deleting for good: what was deleted is no longer in the file's bytes.

Rows are overwritten by ``secure_delete``; what remains are words in the search index and old copies
in the write-ahead log. ``scrub`` removes those. A mark in the database, set by the transaction that
deletes, survives a crash between the two: whoever opens or closes the store next tries again.

A scrub rewrites the index, which takes a second or so for 100,000 turns. ``Scrubber`` therefore
does it at once for a small file and in a thread for a large one.

FTS5's own ``secure-delete`` option is not used: it needs SQLite 3.42, and a file written with it
can no longer be read by the older SQLite of another Python on the same machine.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from pathlib import Path

from rpterm.store.connections import Connections
from rpterm.store.errors import StoreError

_MARK = "store.erase"
_SMALL = 8 * 1024 * 1024
_PATIENCE_MS = 1000


def mark(connection: sqlite3.Connection) -> None:
    """Note, within the deleting transaction, that a scrub is due."""
    connection.execute(
        "INSERT OR REPLACE INTO flags (key, value) VALUES (?, ?)", (_MARK, secrets.token_hex(8))
    )


def due(connection: sqlite3.Connection) -> str | None:
    """The mark, when deleted text may still be in the file."""
    row = connection.execute("SELECT value FROM flags WHERE key = ?", (_MARK,)).fetchone()
    return None if row is None else str(row[0])


def scrub(connection: sqlite3.Connection) -> bool:
    """Remove deleted text from index, free pages and log, outside of any transaction.

    Returns:
        False when another process is reading old pages just now; the mark stays then.
    """
    token = due(connection)
    if token is None:
        return True
    # Merging all segments of the index drops the words of deleted rows.
    connection.execute("INSERT INTO turns_fts (turns_fts) VALUES ('optimize')")
    # ``execute`` would free one page only: the pragma steps page by page and has no columns.
    connection.executescript("PRAGMA incremental_vacuum")
    if not _empty_log(connection):
        return False
    # Only this mark: somebody may have deleted more since.
    connection.execute("DELETE FROM flags WHERE key = ? AND value = ?", (_MARK, token))
    return True


class Scrubber:
    """Scrubs one file, never more than once at a time in this store."""

    def __init__(self, connections: Connections, path: Path) -> None:
        self._connections = connections
        self._path = path
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Scrub now, or for a large file begin to."""
        if self._path.stat().st_size <= _SMALL:
            self.finish()
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                # Not a daemon: a quitting interpreter waits for it, as ``close`` does.
                self._thread = threading.Thread(target=self._work, name="rpterm-scrub")
                self._thread.start()

    def finish(self) -> None:
        """Wait for a scrub under way, then scrub what is still due."""
        thread = self._thread
        if thread is not None:
            thread.join()
        with self._connections.read() as connection:
            scrub(connection)

    def _work(self) -> None:
        try:
            with self._connections.read() as connection:
                scrub(connection)
        except StoreError:
            return  # The mark stays, and closing the store tries again and reports.


def _empty_log(connection: sqlite3.Connection) -> bool:
    """Move the write-ahead log into the file and cut it to nothing; waits a second at most."""
    (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
    try:
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience}")
    return not busy
