"""Secure deletion: removes deleted text from the bytes of the database file.

SQLite's ``secure_delete`` overwrites rows; what remains are words in the full-text indexes and old
copies in the write-ahead log. ``scrub`` removes those. The deleting transaction sets a flag in the
database, for memories by a trigger, which survives a crash between the two: the next open or close
of a store tries again.

A scrub rewrites an index, which takes about a second for 100,000 turns. ``Scrubber`` therefore
scrubs a small file immediately and a large one in a thread.

FTS5's own ``secure-delete`` option is not used: it needs SQLite 3.42, and a file written with it
can no longer be read by the older SQLite of another Python on the same machine.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from pathlib import Path

from rpterm.store.database.connections import Connections
from rpterm.store.errors import StoreError
from rpterm.store.row_conversion import qmarks
from rpterm.store.schema.memory_tables import ERASE_MARK

_TURNS_FLAG = "store.erase"
_INDEXES = {_TURNS_FLAG: "turns_fts", ERASE_MARK: "memory_fts"}
"""The full-text index that may hold deleted words while a flag is set."""

_SMALL_FILE_BYTES = 8 * 1024 * 1024
_CHECKPOINT_TIMEOUT_MS = 1000


def request_scrub(connection: sqlite3.Connection) -> None:
    """Set the flag that a scrub is due, within the transaction that deletes turns."""
    connection.execute(
        "INSERT OR REPLACE INTO flags (key, value) VALUES (?, ?)",
        (_TURNS_FLAG, secrets.token_hex(8)),
    )


def pending_scrubs(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """The flags that are set, with their values: deleted text may still be in the file."""
    query = f"SELECT key, value FROM flags WHERE key IN ({qmarks(_INDEXES)})"
    return connection.execute(query, tuple(_INDEXES)).fetchall()


def scrub(connection: sqlite3.Connection) -> bool:
    """Remove deleted text from indexes, free pages and write-ahead log; not within a transaction.

    Returns:
        False if another process is reading old pages right now; the flags stay set then.
    """
    pending = pending_scrubs(connection)
    if not pending:
        return True
    for key, _ in pending:
        # Merging all segments of the index removes the words of deleted rows.
        index = _INDEXES[key]
        connection.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")
    # ``execute`` would free only one page: the pragma steps page by page and has no columns.
    connection.executescript("PRAGMA incremental_vacuum")
    if not _truncate_log(connection):
        return False
    # Clear only these values: another process may have deleted more since.
    connection.executemany("DELETE FROM flags WHERE key = ? AND value = ?", pending)
    return True


class Scrubber:
    """Runs the scrubs of one store, never two at a time."""

    def __init__(self, connections: Connections, path: Path) -> None:
        self._connections = connections
        self._path = path
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Scrub a small file now; start a thread for a large one."""
        if self._path.stat().st_size <= _SMALL_FILE_BYTES:
            self.finish()
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                # Not a daemon: the interpreter waits for it on exit, as ``close`` does.
                self._thread = threading.Thread(target=self._run_in_thread, name="rpterm-scrub")
                self._thread.start()

    def finish(self) -> None:
        """Wait for a running scrub, then scrub what is still due, unless nothing can be written."""
        if self._connections.read_only:
            return
        thread = self._thread
        if thread is not None:
            thread.join()
        with self._connections.read() as connection:
            scrub(connection)

    def _run_in_thread(self) -> None:
        try:
            with self._connections.read() as connection:
                scrub(connection)
        except StoreError:
            return  # The flag stays set; closing the store tries again and reports the error.


def _truncate_log(connection: sqlite3.Connection) -> bool:
    """Checkpoint the write-ahead log and truncate it; wait at most a second for readers."""
    (timeout_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_TIMEOUT_MS}")
    try:
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {timeout_ms}")
    return not busy
