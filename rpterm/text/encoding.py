"""Text encodings: detects one by its byte order mark, and words the error for another one."""

from __future__ import annotations

import codecs

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks with their encodings; a mark comes before any shorter mark it starts with."""


def to_utf8(data: bytes) -> bytes:
    """The data re-encoded as UTF-8 if a byte order mark names its encoding, else unchanged."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding).encode()
            except UnicodeDecodeError:
                return data
    return data


def not_utf8_message(what: str, at: int) -> str:
    """The message for text in another encoding: where it fails, and what to do."""
    return f"{what} is not UTF-8 text (at byte {at:,}): save it as UTF-8."
