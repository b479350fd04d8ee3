"""Writes card files, atomically.

A card that ships with the program is never changed: a copy in the user's folder is written instead.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from rpterm.cards import library
from rpterm.errors import RptermError, cause_of
from rpterm.paths import write_atomic


def writable_path(path: Path, folder: Path | None) -> Path:
    """Where to write a card: to its own file, or into the user's ``folder`` if it is shipped."""
    shipped = path.parent in library.card_folders(None)
    return folder / path.name if shipped and folder is not None else path


def write_card(own: Path, text: str, path: Path, portrait: str = "") -> None:
    """Write a card's text to ``own``; the portrait is copied too if that is not ``path`` itself.

    Raises:
        RptermError: The file cannot be written; the previous content is kept.
    """
    try:
        if own != path:
            own.parent.mkdir(parents=True, exist_ok=True)
            picture = path.parent / (portrait or "-")
            if picture.is_file() and not (own.parent / picture.name).exists():
                shutil.copyfile(picture, own.parent / picture.name)
        write_atomic(own, text.encode(), like=path)
    except OSError as error:
        raise RptermError(f"{own} cannot be written ({cause_of(error)}).") from error
