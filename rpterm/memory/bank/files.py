"""Reads a file from disk into a character's memory. The file's name says how it is read.

Reading opens nothing but the file itself and makes no network request, whatever the file contains.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rpterm.errors import RptermError, cause_of
from rpterm.memory.bank import chunks, epub, markdown, pdf, plain, web
from rpterm.memory.bank.decode import decode
from rpterm.memory.bank.passage import MAX_BYTES, Document, check_size
from rpterm.store.memory.files import MemoryFile

if TYPE_CHECKING:
    from rpterm.memory.character_memory import CharacterMemory

SUFFIXES = (".txt", ".text", ".md", ".markdown", ".html", ".htm", ".xhtml", ".pdf", ".epub")


@dataclass(frozen=True, slots=True)
class AddedFile:
    """What happened to a file: added, replacing an older version of it, or known already."""

    file: MemoryFile
    how: Literal["added", "replaced", "unchanged"]


def add_file(memory: CharacterMemory, path: Path) -> AddedFile:
    """Read a file and add it to a character's memory; an unchanged file is left as it is.

    Raises:
        RptermError: The file cannot be read, or contains no text; nothing was changed.
    """
    data = _read_bytes(path)
    digest, full_path = hashlib.sha256(data).hexdigest(), str(path.absolute())
    known = memory.files()
    same = [file for file in known if file.digest == digest and file.pieces]
    if same:  # even as a copy elsewhere: a second copy would only crowd out other memories
        file = next((file for file in same if file.path == full_path), same[0])
        return AddedFile(file, "unchanged")
    is_replaced = any(file.path == full_path for file in known)
    pieces = chunks.split_into_pieces(read(path, data), path.name)
    file = memory.add_file(path.name, full_path, digest, pieces)
    return AddedFile(file, "replaced" if is_replaced else "added")


def read(path: Path, data: bytes | None = None) -> Document:
    """The paragraphs of a file.

    Raises:
        RptermError: Says in one sentence what is wrong with it.
    """
    data = _read_bytes(path) if data is None else data
    name, suffix = path.name, path.suffix.lower()
    if suffix == ".pdf" or data.startswith(b"%PDF-"):
        document = pdf.read(path, name)
    elif suffix == ".epub":
        document = epub.read(data, name)
    elif suffix in (".html", ".htm", ".xhtml"):
        document = web.read(decode(data, name, declared=True))
    elif suffix in (".md", ".markdown"):
        document = markdown.read(decode(data, name))
    elif suffix in SUFFIXES or not suffix:
        document = plain.read(decode(data, name))
    else:
        raise RptermError(
            f"{name} is not one of the formats that can be read ({', '.join(SUFFIXES)}): "
            "save it as one of these."
        )
    return check_size(name, document)


def check_readable(path: Path) -> None:
    """Check that a file can be added, without reading it.

    Raises:
        RptermError: Says in one sentence why not.
    """
    try:
        if path.is_dir():
            raise RptermError(f"{path} is a folder: give the files in it instead.")
        if not path.is_file():
            raise RptermError(f"There is no file {path}.")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise RptermError(
                f"{path.name} has {size / 1e6:,.0f} MB; files of more than "
                f"{MAX_BYTES / 1e6:,.0f} MB cannot be read."
            )
    except OSError as error:
        raise RptermError(f"{path} cannot be read ({cause_of(error)}).") from error


def _read_bytes(path: Path) -> bytes:
    check_readable(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise RptermError(f"{path} cannot be read ({cause_of(error)}).") from error
