"""The folders where rpterm keeps its files, and helpers to write files safely.

``RPTERM_HOME`` puts everything into one folder; otherwise the platform's own folders are used.
Finding the folders does not create them: code that writes a file calls ``make_folder`` first.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rpterm.errors import RptermError, cause_of

_MAX_LOG_BYTES = 1 << 20


class PathError(RptermError):
    """A file or folder cannot be created or written."""


class FileAlreadyExists(PathError):
    """A file of that name already exists."""


class Paths(NamedTuple):
    """The folders of one user.

    Attributes:
        config: Settings.
        data: What cannot be recreated: chats, the user's cards, downloaded weights.
        cache: What can be recreated.
        logs: Logs of the model's worker process, and crash reports.
    """

    config: Path
    data: Path
    cache: Path
    logs: Path

    @property
    def config_file(self) -> Path:
        """The settings file."""
        return self.config / "config.toml"

    @property
    def database(self) -> Path:
        """The database of all chats."""
        return self.data / "rpterm.db"

    @property
    def characters(self) -> Path:
        """The user's own cards; they take precedence over those shipped with rpterm."""
        return self.data / "characters"

    @property
    def models(self) -> Path:
        """Downloaded weights."""
        return self.data / "models"

    @property
    def states(self) -> Path:
        """Saved KV caches: a reopened chat does not evaluate its prompt again."""
        return self.cache / "states"


def find(env: Mapping[str, str] | None = None) -> Paths:
    """The folders of this user.

    Args:
        env: The environment; ``None`` means the process's own.

    Raises:
        PathError: The user has no home folder, as in a container with a foreign user id.
    """
    home = (os.environ if env is None else env).get("RPTERM_HOME", "")
    try:
        if home:
            root = Path(home).expanduser().absolute()
            return Paths(root, root, root / "cache", root / "logs")
        from platformdirs import PlatformDirs

        dirs = PlatformDirs("rpterm", appauthor=False)
        return Paths(
            dirs.user_config_path, dirs.user_data_path, dirs.user_cache_path, dirs.user_log_path
        )
    except RuntimeError as error:
        raise PathError(
            "You have no home folder here: set HOME, or set RPTERM_HOME to a writable folder."
        ) from error


def make_folder(folder: Path) -> Path:
    """Create a folder with its parents unless it exists, and return it.

    Raises:
        PathError: It cannot be created or is not writable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PathError(
            f"The folder {folder} cannot be created ({cause_of(error)}). "
            "Make its parent writable, or set RPTERM_HOME to a writable folder."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PathError(
            f"The folder {folder} is not writable. "
            "Make it writable, or set RPTERM_HOME to a writable folder."
        )
    return folder


def parse_path(text: str) -> Path:
    """The path a user typed, which may have quotes around it and ``~`` for a home folder."""
    path = Path(text.strip().strip("'\""))
    with suppress(RuntimeError):  # Raised if there is no user of that name, so no such file either.
        return path.expanduser()
    return path


def check_folder(file: Path) -> None:
    """Check, before long work, that the folder of its output file exists.

    Raises:
        PathError: The folder does not exist.
    """
    folder = file.absolute().parent
    if not folder.is_dir():
        raise PathError(
            f"{file} cannot be written: the folder {folder} does not exist. "
            "Create it, or name another file."
        )


def read_text(file: Path, hint: str = "") -> str:
    """The text of a file that the user named.

    Args:
        hint: A sentence about what to name instead.

    Raises:
        PathError: It is missing, unreadable or not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PathError(f"{file} cannot be read ({cause_of(error)}). {hint}".rstrip()) from error


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have, such as a long text, is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def sha256(file: Path) -> str:
    """The SHA-256 of a file's content in hex.

    Raises:
        OSError: It cannot be read.
    """
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_new(file: Path, text: str, force: bool) -> None:
    """Write a new file; ``force`` overwrites an existing one.

    Raises:
        FileAlreadyExists: It exists already.
        PathError: It cannot be written.
    """
    if file.is_dir():
        raise PathError(f"{file} is a folder: name a file in it.")
    try:
        if force and file.is_file():
            write_atomic(file, text.encode())
        elif force:
            file.write_text(text, encoding="utf-8")
        else:
            create(file, text.encode())
    except FileExistsError as error:
        raise FileAlreadyExists(f"{file} already exists.") from error
    except OSError as error:
        raise PathError(f"{file} cannot be written ({cause_of(error)}).") from error


def create(file: Path, data: bytes) -> None:
    """Create a file; nothing of it is left if it cannot be written completely.

    Raises:
        OSError: It exists already, or cannot be written.
    """
    with file.open("xb") as out:
        try:
            out.write(data)
            out.flush()
        except OSError:
            file.unlink(missing_ok=True)
            raise


def write_atomic(file: Path, data: bytes, like: Path | None = None) -> None:
    """Write a file atomically: completely or not at all. A symbolic link's target is replaced.

    Args:
        like: The file whose permissions are copied; by default the one that is replaced.

    Raises:
        OSError: It cannot be written; the old file is unchanged.
    """
    import stat
    import tempfile  # Most runs write nothing and need not import it.

    file = file.resolve()
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".tmp")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        with suppress(FileNotFoundError):
            fresh.chmod((like or file).stat().st_mode & 0o777 | stat.S_IWUSR)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def write_cache(file: Path, data: bytes) -> None:
    """Write a file of the cache; failing to do so is not an error."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, data)


def prune_cache(folder: Path, pattern: str, limit: int) -> None:
    """Delete the least recently used of these cache files beyond a total of ``limit`` bytes."""
    total = 0
    for path in sorted(folder.glob(pattern), key=last_use, reverse=True):
        with suppress(OSError):
            total += path.stat().st_size
            if total > limit:
                path.unlink(missing_ok=True)


def last_use(path: Path) -> float:
    """When a cache file was last used, in Unix seconds; 0 if it is gone."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def touch(path: Path) -> None:
    """Record that a cache file was used just now."""
    with suppress(OSError):
        os.utime(path)


def open_log(path: Path) -> BinaryIO:
    """Open a log for appending, emptied if it is too large; the null device where that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        too_large = path.exists() and path.stat().st_size > _MAX_LOG_BYTES
        return path.open("wb" if too_large else "ab")
    except OSError:
        return Path(os.devnull).open("ab")
