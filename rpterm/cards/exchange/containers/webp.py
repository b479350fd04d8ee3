"""Reads cards in WebP pictures: TavernAI keeps them in the comment of the picture's EXIF data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rpterm.cards.exchange.containers.pictures import read_picture

if TYPE_CHECKING:
    from PIL import Image

_EXIF, _USER_COMMENT = 0x8769, 0x9286
_HAS_EXIF = 0x08
_BYTES = re.compile(rb"\s*\d{1,3}(?:\s*,\s*\d{1,3})*\s*")


def is_webp(data: bytes) -> bool:
    """Whether this is the beginning of a WebP picture."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def may_hold_card(head: bytes) -> bool:
    """Whether a file with this beginning is a WebP picture with EXIF data."""
    is_extended = len(head) > 20 and head[12:16] == b"VP8X"
    return is_webp(head) and is_extended and bool(head[20] & _HAS_EXIF)


def read(data: bytes) -> bytes | None:
    """The JSON of the card in a picture, or ``None``. Pixels are not decoded."""
    comment = read_picture(data, ("WEBP",), _comment)
    text = comment.encode() if isinstance(comment, str) else comment
    if not isinstance(text, bytes):
        return None
    if _BYTES.fullmatch(text):  # Written as the list of its bytes.
        text = bytes(min(int(each), 255) for each in text.split(b","))
    start = text.find(b"{")
    return text[start:].rstrip(b"\0 \n") if start >= 0 else None


def _comment(picture: Image.Image) -> object:
    return picture.getexif().get_ifd(_EXIF).get(_USER_COMMENT)
