"""Who is alive: which store, in which process, streams into a turn or has a chat open right now.

A store that streams holds a lock on a small file beside the database, and the turn names that file.
The operating system drops the lock when the process dies, however it dies, so a held lock means a
living writer. (A process id with its start time would do the same on one machine, but not across
containers that share a home, and a heartbeat would take a sleeping laptop for dead.) A chat that is
open is marked by such a file, too.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Owner:
    """The mark of one living store; makes its file at the first ``token``."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._token: str | None = None
        self._descriptor: int | None = None

    @property
    def token(self) -> str:
        """The name to write into turns this store streams into.

        Where the file system knows no locks the name is still unique, but other processes will
        think its owner dead; ``Store.write_reply`` then takes the turn back.
        """
        if self._token is None:
            token = secrets.token_hex(8)
            self._descriptor = _hold(_file(self._database, token))
            self._token = token
        return self._token

    def owns(self, token: str | None) -> bool:
        """Whether this store wrote that name."""
        return token is not None and token == self._token

    @property
    def used(self) -> bool:
        """Whether this store ever streamed."""
        return self._token is not None

    def release(self) -> None:
        """Let go of the lock and remove the file."""
        if self._token is None:
            return
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        _remove(_file(self._database, self._token))


class Presence:
    """The mark of a chat that is open in this program, for others to see."""

    def __init__(self, database: Path, chat_id: int) -> None:
        self._start = f"{database.name}-open-{chat_id}-"
        self._path = database.with_name(self._start + secrets.token_hex(8))
        self._descriptor = _hold(self._path)

    def elsewhere(self) -> bool:
        """Whether another living program has the chat open; removes the marks of dead ones."""
        found = set(self._path.parent.glob(f"{self._start}*")) - {self._path}
        return sum(map(_held, found)) > 0  # Looks at each.

    def release(self) -> None:
        """Take the mark away; safe to call twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            _remove(self._path)


def alive(database: Path, token: str | None) -> bool:
    """Whether the store that wrote this name still runs; removes the file of a dead one."""
    return bool(token) and _held(_file(database, str(token)))


def _held(path: Path) -> bool:
    """Whether a living process has this file locked; removes one that nobody has."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        _try_lock(descriptor)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    _remove(path)
    return False


def anyone(database: Path) -> bool:
    """Whether any living store has streamed into this database and not closed it."""
    start = len(database.name) + len("-live-")
    found = list(database.parent.glob(f"{database.name}-live-*"))
    return any(alive(database, path.name[start:]) for path in found)


def _file(database: Path, token: str) -> Path:
    return database.with_name(f"{database.name}-live-{token}")


def _hold(path: Path) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return None
    try:
        _try_lock(descriptor)
    except OSError:
        os.close(descriptor)
        _remove(path)
        return None
    return descriptor


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # A left-over empty file does no harm; the next opening tries again.
