"""Unpacks the ZIP archives in which other programs hand out a backup of everything."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rpterm.errors import RptermError, cause_of
from rpterm.foreign_zip import ZIP_ERRORS
from rpterm.transfer.folder_import import is_wanted

_ARCHIVE = ".zip"
_CARD_FILES = {"card.json", "manifest.json"}
"""Files at the root of an archive that is a single card."""
_MAX_BYTES = 4 << 30
_MAX_FILES = 200_000


@contextmanager
def unpacked(paths: Sequence[Path]) -> Iterator[tuple[list[Path], Callable[[Path], Path]]]:
    """Replace archives by folders, which exist until the block ends.

    Returns:
        The paths, and a function that tells where a file of such a folder is inside its archive.

    Raises:
        RptermError: An archive is damaged, encrypted or far too large, or the disk is full.
    """
    with TemporaryDirectory(prefix="rpterm-") as temporary:
        folders = {
            path: Path(temporary, str(at)) for at, path in enumerate(paths) if _is_backup(path)
        }
        for path, folder in folders.items():
            _unpack(path, folder)

        def shown(file: Path) -> Path:
            inside = ((path, to) for path, to in folders.items() if file.is_relative_to(to))
            return next((path / file.relative_to(to) for path, to in inside), file)

        yield [folders.get(path, path) for path in paths], shown


def _is_backup(path: Path) -> bool:
    if path.suffix.lower() != _ARCHIVE or not path.is_file():
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return _CARD_FILES.isdisjoint(archive.namelist())
    except (*ZIP_ERRORS, OSError):
        return False  # The import of single files says what is wrong with it.


def _unpack(path: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            files = [each for each in archive.infolist() if is_wanted(Path(each.filename))]
            if len(files) > _MAX_FILES or sum(each.file_size for each in files) > _MAX_BYTES:
                raise RptermError(f"{path} unpacks to far more than cards and chats can have.")
            for each in files:
                archive.extract(each, folder)
    except ZIP_ERRORS as error:
        raise RptermError(f"{path} is damaged or encrypted: {error}.") from error
    except OSError as error:
        raise RptermError(f"{path} cannot be unpacked: {cause_of(error)}.") from error
