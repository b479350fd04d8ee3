"""Lock files that show which running process streams into a turn or has a chat open.

A streaming store holds a lock on a small file next to the database, and the turn names that file.
The operating system releases the lock when the process dies, however it dies, so a held lock means
that the writer is alive. (A process id with its start time would do the same on one machine, but
not across containers that share a home folder, and a heartbeat would take a sleeping laptop for
dead.) Open chats are marked by such files as well.
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


class _LockFile:
    """A file that is locked while its process lives; no file on a file system without locks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = _create_locked(path)

    def release(self) -> None:
        """Release the lock and remove the file. Idempotent."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            _remove(self.path)


class Owner:
    """The identity of one open store; it creates its lock file when ``token`` is first read."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._token: str | None = None
        self._lock: _LockFile | None = None

    @property
    def token(self) -> str:
        """The owner name to write into turns that this store streams into.

        On a file system without locks the name is still unique, but other processes take its owner
        for dead; ``Store.write_reply`` then reclaims the turn.
        """
        if self._token is None:
            token = secrets.token_hex(8)
            self._lock = _LockFile(_path_of(self._database, token))
            self._token = token
        return self._token

    def owns(self, token: str | None) -> bool:
        """Whether this is the name of this store."""
        return token is not None and token == self._token

    @property
    def has_streamed(self) -> bool:
        """Whether this store ever streamed a reply."""
        return self._token is not None

    def release(self) -> None:
        """Release the lock and remove the file."""
        if self._lock is not None:
            self._lock.release()


class Presence:
    """A lock file that shows other processes that this one has a chat open."""

    def __init__(self, database: Path, chat_id: int) -> None:
        self._prefix = f"{database.name}-open-{chat_id}-"
        self._lock = _LockFile(database.with_name(self._prefix + secrets.token_hex(8)))

    def is_open_elsewhere(self) -> bool:
        """Whether another running process has the chat open; removes lock files of dead ones."""
        others = set(self._lock.path.parent.glob(f"{self._prefix}*")) - {self._lock.path}
        return sum(map(_is_held, others)) > 0  # Not any(): every dead one has to be removed.

    def release(self) -> None:
        """Release and remove the lock file. Idempotent."""
        self._lock.release()


def is_alive(database: Path, token: str | None) -> bool:
    """Whether the store of this name still runs; removes the lock file of a dead one."""
    return bool(token) and _is_held(_path_of(database, str(token)))


def _is_held(path: Path) -> bool:
    """Whether a running process holds the lock on this file; removes the file if none does."""
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


def any_owner_alive(database: Path) -> bool:
    """Whether any running store has streamed into this database and not closed it yet."""
    prefix = f"{database.name}-live-"
    paths = list(database.parent.glob(f"{prefix}*"))
    return any(is_alive(database, path.name.removeprefix(prefix)) for path in paths)


def _path_of(database: Path, token: str) -> Path:
    return database.with_name(f"{database.name}-live-{token}")


def _create_locked(path: Path) -> int | None:
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
        return  # A stale empty file does no harm; the next start tries again.
