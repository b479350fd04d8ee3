"""Reads cards in WebP pictures: TavernAI keeps them in the comment of the picture's EXIF data."""

from __future__ import annotations

import io
import re
from pathlib import Path

_EXIF, _USER_COMMENT = 0x8769, 0x9286
_HAS_EXIF = 0x08
_BYTES = re.compile(rb"\s*\d{1,3}(?:\s*,\s*\d{1,3})*\s*")


def is_webp(data: bytes) -> bool:
    """Whether this is the beginning of a WebP picture."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def may_hold_card(path: Path) -> bool:
    """Whether a file is a WebP picture with EXIF data; only its first bytes are read."""
    try:
        with path.open("rb") as file:
            head = file.read(30)
    except OSError:
        return False
    return is_webp(head) and head[12:16] == b"VP8X" and bool(head[20] & _HAS_EXIF)


def read(data: bytes) -> bytes | None:
    """The JSON of the card in a picture, or ``None``. Pixels are not decoded."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("WEBP",)) as image:
            comment = image.getexif().get_ifd(_EXIF).get(_USER_COMMENT)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    text = comment.encode() if isinstance(comment, str) else comment
    if not isinstance(text, bytes):
        return None
    if _BYTES.fullmatch(text):  # Written as the list of its bytes.
        text = bytes(min(int(each), 255) for each in text.split(b","))
    start = text.find(b"{")
    return text[start:].rstrip(b"\0 \n") if start >= 0 else None
