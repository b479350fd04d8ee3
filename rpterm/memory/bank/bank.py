"""A file from disk into a character's memory. The file's name says how it is read.

Reading opens nothing but the file itself, and makes no network request, whatever the file says.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from rpterm.marks import why
from rpterm.memory.bank import chunks, epub, markdown, pdf, plain, web
from rpterm.memory.bank.decode import decode
from rpterm.memory.bank.passage import MAX_BYTES, BankError, Document, checked
from rpterm.store.memory_files import MemoryFile, Piece

SUFFIXES = (".txt", ".text", ".md", ".markdown", ".html", ".htm", ".xhtml", ".pdf", ".epub")


class Shelf(Protocol):
    """What takes files: a character's memory."""

    def files(self) -> list[MemoryFile]: ...

    def add_file(self, name: str, path: str, digest: str, pieces: list[Piece]) -> MemoryFile: ...


@dataclass(frozen=True, slots=True)
class Given:
    """What became of a file: new, in place of an older state of it, or there already."""

    file: MemoryFile
    how: Literal["added", "replaced", "unchanged"]


def give(memory: Shelf, path: Path) -> Given:
    """Read a file and let a character remember it; one that did not change is left as it is.

    Raises:
        BankError: The file cannot be read, or holds no text; nothing was changed.
    """
    data = _bytes(path)
    digest, whole = hashlib.sha256(data).hexdigest(), str(path.absolute())
    known = memory.files()
    same = [file for file in known if file.digest == digest and file.pieces]
    if same:  # also as a copy or from another folder: twice it would only crowd out other things
        return Given(next((file for file in same if file.path == whole), same[0]), "unchanged")
    old = next((file for file in known if file.path == whole), None)
    pieces = chunks.pieces(read(path, data), path.name)
    file = memory.add_file(path.name, whole, digest, pieces)
    return Given(file, "replaced" if old else "added")


def read(path: Path, data: bytes | None = None) -> Document:
    """The paragraphs of a file.

    Raises:
        BankError: In one sentence, what is wrong with it.
    """
    data = _bytes(path) if data is None else data
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
        raise BankError(f"{name} is none of {', '.join(SUFFIXES)}; save it as one of these.")
    return checked(name, document)


def look(path: Path) -> None:
    """Whether there is a file that can be given, without reading it.

    Raises:
        BankError: In one sentence, why not.
    """
    try:
        if path.is_dir():
            raise BankError(f"{path} is a folder; name the files in it.")
        if not path.is_file():
            raise BankError(f"There is no file {path}.")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise BankError(
                f"{path.name} has {size / 1e6:,.0f} MB, more than {MAX_BYTES / 1e6:,.0f}."
            )
    except OSError as error:
        raise BankError(f"{path} cannot be read ({why(error)}).") from error


def _bytes(path: Path) -> bytes:
    look(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise BankError(f"{path} cannot be read ({why(error)}).") from error
