"""One SQLite connection per thread, and transactions on it.

SQLite's WAL mode lets any number of readers work alongside one writer, in any number of processes.
A connection is closed when its thread ends or by ``close``, which waits for running statements.
This module knows no tables.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rpterm.store.errors import StoreError, as_store_errors
from rpterm.store.row_conversion import batches, qmarks

Values = Sequence[Any] | Mapping[str, Any]

_SETTINGS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = NORMAL",
    # Deleted content is overwritten with zeros, and sorting never spills text to another file.
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
)


class _LockedConnection:
    """A connection and the lock that keeps ``close`` from closing it during a statement."""

    def __init__(self, path: Path, busy_timeout: float, *, read_only: bool) -> None:
        self.lock = threading.RLock()
        self.connection = sqlite3.connect(
            _read_only_uri(path) if read_only else path, uri=read_only,
            timeout=busy_timeout, isolation_level=None, check_same_thread=False,
        )  # fmt: skip
        for setting in _SETTINGS:
            self.connection.execute(setting)

    def close(self) -> None:
        with self.lock:
            self.connection.close()

    def __del__(self) -> None:
        # Runs after the owning thread ended, so nobody else can hold the lock. The attribute is
        # missing if ``connect`` itself failed.
        with suppress(AttributeError, sqlite3.Error):
            self.connection.close()


class Connections:
    """The connections of one store to one file."""

    def __init__(self, path: Path, busy_timeout: float, *, read_only: bool = False) -> None:
        """Connect to nothing yet.

        Args:
            busy_timeout: Seconds that a write waits for another process's write.
            read_only: The file or its folder is not writable; a write is an error.
        """
        self.read_only = read_only
        self._path = path
        self._busy_timeout = busy_timeout
        self._local = threading.local()
        self._opened: weakref.WeakSet[_LockedConnection] = weakref.WeakSet()
        self._guard = threading.Lock()
        self._closed = False
        self.judgements_version = object()
        """Replaced by a new object whenever this store judges, scores or deletes replies, so that
        readers can tell that what they cached about replies is stale."""

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, for queries or for single writing statements.

        Raises:
            StoreError: Instead of any SQLite error, or when the store is closed.
        """
        with as_store_errors(self._path):
            locked = self._of_this_thread()
            with locked.lock:
                if self._closed:
                    raise self._closed_error()
                yield locked.connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: everything in the block is stored, or nothing.

        A nested transaction joins the outer one. If its error is caught there, only the nested
        one is rolled back.

        The write lock is taken at the start, so that it is always possible to wait for another
        process (a reader that starts to write later would fail at once).
        """
        with self.read() as connection:
            if connection.in_transaction:
                with _savepoint(connection):
                    yield connection
                return
            connection.execute("BEGIN" if self.read_only else "BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite may have rolled back already, after a full disk or an I/O error.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.read() as connection:
            return connection.execute(query, values).fetchall()

    def row(self, query: str, values: Values = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or ``None``."""
        with self.read() as connection:
            row: tuple[Any, ...] | None = connection.execute(query, values).fetchone()
            return row

    def rows_among(self, query: str, keys: Iterable[Any], *first: Any) -> list[tuple[Any, ...]]:
        """All rows of a query with ``IN ({})`` for these keys, in as many statements as they need.

        Args:
            first: The values of the placeholders before ``{}``.
        """
        with self.read() as connection:
            return [
                row
                for part in batches(list(keys))
                for row in connection.execute(query.format(qmarks(part)), (*first, *part))
            ]

    def run(self, statement: str, values: Values = ()) -> int:
        """Execute one writing statement as a transaction; returns how many rows it changed."""
        with self.read() as connection:
            return connection.execute(statement, values).rowcount

    def close(self) -> None:
        """Close every thread's connection after running calls have ended. Idempotent."""
        with self._guard:
            self._closed = True
            opened = list(self._opened)
        for locked in opened:
            locked.close()

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    def _of_this_thread(self) -> _LockedConnection:
        locked: _LockedConnection | None = getattr(self._local, "locked", None)
        if locked is None:
            with self._guard:
                if self._closed:
                    raise self._closed_error()
                locked = _LockedConnection(self._path, self._busy_timeout, read_only=self.read_only)
                self._opened.add(locked)
            self._local.locked = locked
        return locked

    def _closed_error(self) -> StoreError:
        return StoreError(f"The database {self._path} is closed already. Start rpterm again.")


@contextmanager
def _savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("SAVEPOINT inside")
    try:
        yield
    except BaseException:
        # SQLite may have rolled back the outer transaction too, as above.
        if connection.in_transaction:
            connection.execute("ROLLBACK TO inside")
            connection.execute("RELEASE inside")
        raise
    connection.execute("RELEASE inside")


def _read_only_uri(path: Path) -> str:
    """The URI of a file whose folder cannot take SQLite's files for logging and locking."""
    log = path.with_name(f"{path.name}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    return f"{path.absolute().as_uri()}?mode=ro" + ("" if has_log else "&immutable=1")
