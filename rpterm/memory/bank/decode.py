"""Bytes to text: Unicode by its marks, else UTF-8, else the old Western code page. Pure."""

from __future__ import annotations

import re
import unicodedata

from rpterm.marks import MARKS
from rpterm.memory.bank.passage import BankError

_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE)
_ODD = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_MOST_ODD = 0.001
_MOST_ACCENTED = 0.5
"""Of the letters those beyond ASCII: far fewer in the West; other scripts read so have more."""


def decode(data: bytes, name: str, *, declared: bool = False) -> str:
    """The text of a file.

    Args:
        declared: Whether its head may name its encoding, as HTML and XML do.

    Raises:
        BankError: It is no text in an encoding that can be told.
    """
    text = _marked(data) or (_declared(data) if declared else None)
    if text is None:
        text = _try(data, "utf-8")
    if text is None:
        text = _western(data)
    if text is None or len(_ODD.findall(text)) > _MOST_ODD * len(text):
        raise BankError(
            f"{name} is not text that can be read: save it as UTF-8, or give a .txt, .md, .html, "
            ".pdf or .epub file."
        )
    return clean(text)


def clean(text: str) -> str:
    """Composed characters, plain line ends, no control characters and no soft hyphens."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _ODD.sub("", text.replace("\u00ad", "").replace("\ufeff", "").replace("\u00a0", " "))


def _marked(data: bytes) -> str | None:
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _try(data[len(mark) :], encoding)
    return None


def _declared(data: bytes) -> str | None:
    match = _DECLARED.search(data[:2048])
    return _try(data, match[1].decode("ascii")) if match else None


def _western(data: bytes) -> str | None:
    """Any bytes may be read in this code page; what comes out of another script is no text."""
    text = _try(data, "cp1252")
    letters = [char for char in text or "" if char.isalpha()]
    accented = sum(not char.isascii() for char in letters)
    return text if accented <= _MOST_ACCENTED * len(letters) else None


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None
