"""Database errors as messages that a user can act on.

``as_store_errors`` turns SQLite's exceptions into a ``StoreError`` that says what happened to which
file and what to do. It knows SQLite's result codes and nothing about chats or turns.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rpterm.errors import RptermError


class StoreError(RptermError):
    """A database request failed; the message says why and what to do."""


_MESSAGES = {
    sqlite3.SQLITE_BUSY: (
        "Another program has held the database {path} for too long. Close the other rpterm or the "
        "database browser that has it open, then try again; nothing was changed."
    ),
    sqlite3.SQLITE_LOCKED: (
        "Another program has locked the database {path}. Close it, then try again; nothing was "
        "changed."
    ),
    sqlite3.SQLITE_FULL: (
        "The disk is full, so the database {path} cannot be written. Free some disk space and try "
        "again; everything stored before is still there."
    ),
    sqlite3.SQLITE_READONLY: (
        "The database {path} cannot be written. Make the file and its folder writable for you, or "
        "set RPTERM_HOME to another folder."
    ),
    sqlite3.SQLITE_PERM: (
        "You have no permission to use the database {path}. Make the file and its folder writable "
        "for you."
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The database {path} cannot be opened. Check that its folder exists, that you may write "
        "to it, and that the disk is connected."
    ),
    sqlite3.SQLITE_IOERR: (
        "Reading or writing the database {path} failed: {detail}. Check the disk and its free "
        "space, then try again."
    ),
    sqlite3.SQLITE_CORRUPT: (
        "The database {path} is damaged: {detail}. Run `rpterm doctor --repair` to save what is "
        "readable (the damaged file is kept), or restore your last backup."
    ),
    sqlite3.SQLITE_NOTADB: (
        "{path} is not a database, or its first page is damaged. Run `rpterm doctor --repair` to "
        "save what is readable (the file is kept), or restore your last backup."
    ),
    sqlite3.SQLITE_TOOBIG: (
        "A text is too large for the database {path}. Split it into parts below 64 MB."
    ),
}

_DEFAULT_MESSAGE = (
    "The database {path} rejected a request: {detail}. Run `rpterm doctor`; if it finds nothing, "
    "please report this message."
)


def user_message(error: sqlite3.Error, path: Path) -> str:
    """The message for the user about a SQLite error on this file."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else 0
    detail = str(error) or type(error).__name__
    return _MESSAGES.get(primary, _DEFAULT_MESSAGE).format(path=path, detail=detail)


@contextmanager
def as_store_errors(path: Path) -> Iterator[None]:
    """Raise a ``StoreError`` instead of any SQLite error in the block."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(user_message(error, path)) from error
    except OverflowError as error:
        raise StoreError(
            "This number is too large: no chat or turn can have it. "
            "Look the number up in the list of chats."
        ) from error
