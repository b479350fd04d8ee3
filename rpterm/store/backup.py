"""Copy a database in use into one new file, all of it or nothing."""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from rpterm.marks import why
from rpterm.store.errors import StoreError, explained


def backup(connection: sqlite3.Connection, to: Path) -> None:
    """Write the copy beside its place, then move it there; other processes may go on writing.

    Raises:
        StoreError: There is something at ``to`` already, or it cannot be written.
    """
    if to.exists() or to.is_symlink():
        raise _in_the_way(to)
    draft = to.with_name(f".{to.name}.{secrets.token_hex(4)}")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with explained(to):
            _copy(connection, draft)
        publish(draft, to)
    except OSError as error:
        raise StoreError(
            f"The backup {to} cannot be written: {why(error)}. Choose another place."
        ) from error
    finally:
        # Where no folder could be made there is nothing to remove, and asking is an error.
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def publish(draft: Path, to: Path) -> None:
    """Give a finished file its name, never over an existing one.

    Raises:
        StoreError: Something came in the way meanwhile.
        OSError: The folder refuses.
    """
    try:
        os.link(draft, to)
    except FileExistsError as error:
        raise _in_the_way(to) from error
    except OSError:
        # A file system without hard links: the window between look and move is tiny.
        if to.exists():
            raise _in_the_way(to) from None
        draft.rename(to)


def _copy(connection: sqlite3.Connection, draft: Path) -> None:
    with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        connection.backup(copy)
        # One complete file, without a log beside it, also readable on a read-only disk.
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()
    with draft.open("rb+") as file:
        os.fsync(file.fileno())


def _in_the_way(to: Path) -> StoreError:
    return StoreError(f"{to} exists already and a backup overwrites nothing. Choose another name.")
