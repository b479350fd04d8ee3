"""One SQLite connection for each thread, and transactions on it.

SQLite's WAL mode lets any number of readers work beside one writer, in any number of processes.
A connection is closed when its thread ends or by ``close``, which waits for statements under way.
This module knows no tables.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rpterm.store.errors import StoreError, explained

_SETTINGS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = NORMAL",
    # What is deleted is overwritten with zeros, and sorting never spills text to another file.
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
)


class _Link:
    """A connection and the lock that keeps ``close`` from pulling it away in mid-statement."""

    def __init__(self, path: Path, busy_timeout: float) -> None:
        self.lock = threading.RLock()
        self.connection = sqlite3.connect(
            path, timeout=busy_timeout, isolation_level=None, check_same_thread=False
        )
        for setting in _SETTINGS:
            self.connection.execute(setting)

    def close(self) -> None:
        with self.lock:
            self.connection.close()

    def __del__(self) -> None:
        # Runs when the owning thread ended: nobody else can hold the lock then. The attribute is
        # missing when ``connect`` itself failed.
        with suppress(AttributeError, sqlite3.Error):
            self.connection.close()


class Connections:
    """The connections of one store to one file."""

    def __init__(self, path: Path, busy_timeout: float) -> None:
        """``busy_timeout`` is how many seconds a write waits for another program's write."""
        self._path = path
        self._busy_timeout = busy_timeout
        self._local = threading.local()
        self._links: weakref.WeakSet[_Link] = weakref.WeakSet()
        self._guard = threading.Lock()
        self._closed = False
        self.judged = object()
        """Another one after replies were judged, scored or deleted here: what one knows of them by
        then is old."""

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, for queries or for one writing statement.

        Raises:
            StoreError: In place of any SQLite error, or when the store is closed.
        """
        with explained(self._path):
            link = self._link()
            with link.lock:
                if self._closed:
                    raise self._closed_error()
                yield link.connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of the block is stored, or nothing.

        An inner one joins the outer, and is undone alone where its error is caught there.

        The write lock is taken at the start, so that waiting for another process is always
        possible (a reader that turns writer later would fail at once).
        """
        with self.read() as connection:
            if connection.in_transaction:
                with _inner(connection):
                    yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk or an I/O error may have rolled back already.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close every thread's connection; calls under way end first. Safe to call twice."""
        with self._guard:
            self._closed = True
            links = list(self._links)
        for link in links:
            link.close()

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    def _link(self) -> _Link:
        link: _Link | None = getattr(self._local, "link", None)
        if link is None:
            with self._guard:
                if self._closed:
                    raise self._closed_error()
                link = _Link(self._path, self._busy_timeout)
                self._links.add(link)
            self._local.link = link
        return link

    def _closed_error(self) -> StoreError:
        return StoreError(f"The database {self._path} is closed already. Start rpterm again.")


@contextmanager
def _inner(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("SAVEPOINT inside")
    try:
        yield
    except BaseException:
        # A full disk or an I/O error may have rolled back all of it already.
        if connection.in_transaction:
            connection.execute("ROLLBACK TO inside")
            connection.execute("RELEASE inside")
        raise
    connection.execute("RELEASE inside")


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """Whether there is such a table: to ask makes none."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return connection.execute(query, (name,)).fetchone() is not None
