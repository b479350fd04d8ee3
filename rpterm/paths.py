"""Where rpterm keeps its files.

``RPTERM_HOME`` puts everything under one folder; otherwise the platform's own places are used.
Nothing is created here: whoever writes makes the folder, with ``make``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rpterm.marks import why
from rpterm.types import RptermError


class PathError(RptermError):
    """A file or a folder cannot be made or written."""


class FileThere(PathError):
    """There is a file of that name already."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders.

    Attributes:
        config: Settings.
        data: What cannot be made again: chats, the user's cards, downloaded weights.
        cache: What can be made again.
        logs: Logs of the model's worker and of crashes.
    """

    config: Path
    data: Path
    cache: Path
    logs: Path

    @property
    def config_file(self) -> Path:
        """The settings."""
        return self.config / "config.toml"

    @property
    def database(self) -> Path:
        """Every chat."""
        return self.data / "rpterm.db"

    @property
    def characters(self) -> Path:
        """The user's own cards; they go before the ones that ship with rpterm."""
        return self.data / "characters"

    @property
    def models(self) -> Path:
        """Weights the user downloaded."""
        return self.data / "models"

    @property
    def states(self) -> Path:
        """Saved caches of chats: reopening one evaluates nothing again."""
        return self.cache / "states"


def find(env: Mapping[str, str] | None = None) -> Paths:
    """The folders of this user.

    Args:
        env: The environment; ``None`` is the process's own.
    """
    home = (os.environ if env is None else env).get("RPTERM_HOME", "")
    if home:
        root = Path(home).expanduser().absolute()
        return Paths(root, root, root / "cache", root / "logs")
    from platformdirs import PlatformDirs

    dirs = PlatformDirs("rpterm", appauthor=False)
    return Paths(
        dirs.user_config_path, dirs.user_data_path, dirs.user_cache_path, dirs.user_log_path
    )


def make(folder: Path) -> Path:
    """Make a folder and those above it, where they are missing.

    Raises:
        PathError: It cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PathError(
            f"The folder {folder} cannot be made ({why(error)}); "
            "make it writable, or set RPTERM_HOME to a folder that is."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PathError(
            f"The folder {folder} cannot be written; "
            "make it writable, or set RPTERM_HOME to a folder that is."
        )
    return folder


def written(text: str) -> Path:
    """A path as people write it: with ``~``, and perhaps in quotes."""
    path = Path(text.strip().strip("'\""))
    with suppress(RuntimeError):  # There is no user of that name, and so no such file.
        return path.expanduser()
    return path


def check_folder(file: Path) -> None:
    """Before long work: whether there is a folder for the file it shall write.

    Raises:
        PathError: There is none.
    """
    folder = file.absolute().parent
    if not folder.is_dir():
        raise PathError(
            f"{file} cannot be written: there is no folder {folder}. Make it, or name another file."
        )


def write_new(file: Path, text: str, force: bool) -> None:
    """Write a new file.

    Args:
        force: Write over one that is there.

    Raises:
        FileThere: It exists already.
        PathError: It cannot be written.
    """
    try:
        with file.open("w" if force else "x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError as error:
        raise FileThere(f"{file} exists already.") from error
    except OSError as error:
        raise PathError(f"{file} cannot be written ({why(error)}).") from error


def write_whole(file: Path, data: bytes, like: Path | None = None) -> None:
    """Write a file whole or not at all; of a link, the file it leads to.

    Args:
        like: Whoever may read this one may read the new one, too; else as it was before.

    Raises:
        OSError: It cannot be written; what was there still is.
    """
    import stat
    import tempfile  # Most runs write nothing, and start without it.

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


def keep(file: Path, data: bytes) -> None:
    """Write a file of the cache; that it cannot be is no error."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, data)


def prune(folder: Path, pattern: str, limit: int) -> None:
    """Delete the longest unused of these files of the cache, beyond so many bytes."""
    total = 0
    for path in sorted(folder.glob(pattern), key=last_use, reverse=True):
        with suppress(OSError):
            total += path.stat().st_size
            if total > limit:
                path.unlink(missing_ok=True)


def last_use(path: Path) -> float:
    """When a file of the cache was used last; 0 where it is gone."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def used(path: Path) -> None:
    """Note that a file of the cache is used now."""
    with suppress(OSError):
        os.utime(path)
