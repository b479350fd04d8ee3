"""Decodes a file's bytes: Unicode by its byte order mark, else UTF-8, else Windows-1252. Pure."""

from __future__ import annotations

import re
import unicodedata

from rpterm.errors import RptermError
from rpterm.text.encoding import BYTE_ORDER_MARKS

_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE)
_CONTROL_CHARS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_MAX_CONTROL_SHARE = 0.001
_MAX_ACCENTED_SHARE = 0.5
"""Largest share of non-ASCII letters: Western text has far fewer, other scripts misread have
more."""


def decode(data: bytes, name: str, *, declared: bool = False) -> str:
    """The text of a file.

    Args:
        declared: Whether its head may declare its encoding, as HTML and XML do.

    Raises:
        RptermError: It is not text in a recognisable encoding.
    """
    text = _by_mark(data) or (_by_declaration(data) if declared else None)
    if text is None:
        text = _try_decode(data, "utf-8")
    if text is None:
        text = _as_western(data)
    if text is None or len(_CONTROL_CHARS.findall(text)) > _MAX_CONTROL_SHARE * len(text):
        raise RptermError(
            f"{name} is not text in an encoding that can be recognised: save it as UTF-8, or give "
            "a .txt, .md, .html, .pdf or .epub file."
        )
    return clean(text)


def clean(text: str) -> str:
    """Composed characters, plain line ends, no control characters and no soft hyphens."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = text.replace("\u00ad", "").replace("\ufeff", "").replace("\u00a0", " ")
    return _CONTROL_CHARS.sub("", text)


def _by_mark(data: bytes) -> str | None:
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _try_decode(data[len(mark) :], encoding)
    return None


def _by_declaration(data: bytes) -> str | None:
    match = _DECLARED.search(data[:2048])
    return _try_decode(data, match[1].decode("ascii")) if match else None


def _as_western(data: bytes) -> str | None:
    """Any bytes can be decoded as Windows-1252; from another script the result is not text."""
    text = _try_decode(data, "cp1252")
    letters = [char for char in text or "" if char.isalpha()]
    accented = sum(not char.isascii() for char in letters)
    return text if accented <= _MAX_ACCENTED_SHARE * len(letters) else None


def _try_decode(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None
