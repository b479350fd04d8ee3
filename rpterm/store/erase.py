"""Deleting for good: what was deleted is no longer in the file's bytes.

Rows are overwritten by ``secure_delete``; what remains are words in the search index and old copies
in the write-ahead log. ``scrub`` removes those. A mark in the database, set by the transaction that
deletes, survives a crash between the two: whoever opens or closes the store next tries again.

FTS5's own ``secure-delete`` option is not used: it needs SQLite 3.42, and a file written with it
can no longer be read by the older SQLite of another Python on the same machine.
"""

from __future__ import annotations

import sqlite3

_MARK = "store.erase"


def mark(connection: sqlite3.Connection) -> None:
    """Note, within the deleting transaction, that a scrub is due."""
    connection.execute("INSERT OR REPLACE INTO flags (key, value) VALUES (?, '1')", (_MARK,))


def due(connection: sqlite3.Connection) -> bool:
    """Whether deleted text may still be in the file."""
    return connection.execute("SELECT 1 FROM flags WHERE key = ?", (_MARK,)).fetchone() is not None


def scrub(connection: sqlite3.Connection) -> bool:
    """Remove deleted text from index, free pages and log, outside of any transaction.

    Returns:
        False when another process is reading old pages just now; the mark stays then.
    """
    # Merging all segments of the index drops the words of deleted rows.
    connection.execute("INSERT INTO turns_fts (turns_fts) VALUES ('optimize')")
    connection.execute("PRAGMA incremental_vacuum").fetchall()
    if not _empty_log(connection):
        return False
    connection.execute("DELETE FROM flags WHERE key = ?", (_MARK,))
    return True


def _empty_log(connection: sqlite3.Connection) -> bool:
    """Move the write-ahead log into the file and cut it to nothing; waits a second at most."""
    (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 1000")
    try:
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience}")
    return not busy
