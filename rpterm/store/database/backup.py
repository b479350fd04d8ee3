"""Copies a database, even while in use, into one new file: completely or not at all."""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from rpterm.errors import cause_of
from rpterm.store.errors import StoreError, as_store_errors


def backup(connection: sqlite3.Connection, to: Path) -> None:
    """Write the copy next to its target, then move it there; other processes may keep writing.

    Raises:
        StoreError: ``to`` exists already or cannot be written.
    """
    if to.exists() or to.is_symlink():
        raise _exists_error(to)
    draft = to.with_name(f".{to.name}.{secrets.token_hex(4)}")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with as_store_errors(to):
            _copy(connection, draft)
        publish(draft, to)
    except OSError as error:
        raise StoreError(
            f"The backup {to} cannot be written: {cause_of(error)}. Choose another place."
        ) from error
    finally:
        # If the folder could not be created, there is no file, and unlink() itself fails.
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def publish(draft: Path, to: Path) -> None:
    """Move a finished file to its name without ever overwriting an existing file.

    Raises:
        StoreError: A file of that name appeared in the meantime.
        OSError: The folder cannot be written.
    """
    try:
        os.link(draft, to)
    except FileExistsError as error:
        raise _exists_error(to) from error
    except OSError:
        # A file system without hard links: the time between check and move is tiny.
        if to.exists():
            raise _exists_error(to) from None
        draft.rename(to)


def _copy(connection: sqlite3.Connection, draft: Path) -> None:
    with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        connection.backup(copy)
        # A single file without a write-ahead log is readable on a read-only disk, too.
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()
    with draft.open("rb+") as file:
        os.fsync(file.fileno())


def _exists_error(to: Path) -> StoreError:
    return StoreError(f"{to} exists already, and a backup overwrites nothing. Choose another name.")
