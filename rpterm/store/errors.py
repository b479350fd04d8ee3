"""Errors of the database, in sentences a user can act on.

``explained`` turns what SQLite raises into one ``StoreError`` that says what happened to which file
and what to do. It knows SQLite's result codes and nothing of chats or turns.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rpterm.types import RptermError


class StoreError(RptermError):
    """The database could not do what it was asked; the text says why and what to do."""


_SENTENCES = {
    sqlite3.SQLITE_BUSY: (
        "Another program has held the database {path} for too long. Close the other rpterm or the "
        "database browser that has it open, then try again; nothing was changed."
    ),
    sqlite3.SQLITE_LOCKED: (
        "Another program has locked the database {path}. Close it, then try again; nothing was "
        "changed."
    ),
    sqlite3.SQLITE_FULL: (
        "There is no room left to write to the database {path}. Free some disk space and try "
        "again; everything stored before is still there."
    ),
    sqlite3.SQLITE_READONLY: (
        "The database {path} cannot be written. Make the file and its folder writable for you, or "
        "choose another folder with RPTERM_HOME."
    ),
    sqlite3.SQLITE_PERM: (
        "You have no permission to use the database {path}. Make the file and its folder writable "
        "for you."
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The database {path} cannot be opened. Check that its folder exists, that you may write "
        "to it, and that the disk is there."
    ),
    sqlite3.SQLITE_IOERR: (
        "Reading or writing the database {path} failed: {detail}. Check the disk and its free "
        "space, then try again."
    ),
    sqlite3.SQLITE_CORRUPT: (
        "The database {path} is damaged: {detail}. Run `rpterm doctor --repair` to save what is "
        "readable (the damaged file is kept), or put your last backup in its place."
    ),
    sqlite3.SQLITE_NOTADB: (
        "{path} is not a database, or its first page is damaged. Run `rpterm doctor --repair` to "
        "save what is readable (the file is kept), or put your last backup in its place."
    ),
    sqlite3.SQLITE_TOOBIG: (
        "A text is too large for the database {path}. Split it into parts below 64 MB."
    ),
}

_OTHER = (
    "The database {path} refused a request: {detail}. Run `rpterm doctor`; if it finds nothing, "
    "please report this sentence."
)


def sentence(error: sqlite3.Error, path: Path) -> str:
    """Say what a SQLite error means for the user of this file."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else 0
    detail = str(error) or type(error).__name__
    return _SENTENCES.get(primary, _OTHER).format(path=path, detail=detail)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise a ``StoreError`` in place of any SQLite error of the block."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(sentence(error, path)) from error
    except OverflowError as error:
        raise StoreError(
            "A number is too large to be in the database: there is no chat or turn with it. "
            "Look the number up in the list of chats."
        ) from error
