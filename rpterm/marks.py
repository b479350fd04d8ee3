"""Files of text: whose first bytes mark their encoding, and why one cannot be read or written."""

from __future__ import annotations

import codecs

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""What a file begins with, and its encoding; the longer mark goes before one that begins it."""


def utf8(data: bytes) -> bytes:
    """The same text in UTF-8, where the file is marked as something else and is that."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding).encode()
            except UnicodeDecodeError:
                return data
    return data


def not_utf8(what: str, at: int) -> str:
    """What is said of text in another encoding, and what to do."""
    return f"{what} is not UTF-8 text (at byte {at:,}): save it as UTF-8."


def why(error: Exception) -> str:
    """Why a file cannot be read or written, in words for people and none of Python's."""
    if isinstance(error, UnicodeDecodeError):
        return f"it is no UTF-8 text (at byte {error.start:,})"
    return getattr(error, "strerror", None) or str(error)
