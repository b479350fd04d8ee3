"""Reads and writes cards in PNG pictures, in the text chunks ``chara`` and ``ccv3``.

This module has its own chunk parser, because no available library reads text chunks within limits
and leaves all other chunks (colour profiles, animation frames, other programs' texts) unchanged.
Reading decodes no pixels, so a picture cannot be a decompression bomb.
"""

from __future__ import annotations

import base64
import binascii
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpterm.cards.exchange.containers.pictures import check_size, read_picture
from rpterm.cards.exchange.errors import MAX_JSON, ExchangeError

if TYPE_CHECKING:
    from PIL import Image

MAGIC = b"\x89PNG\r\n\x1a\n"
CARD_KEYS = ("chara", "ccv3")
_MAX_CHUNKS = 100_000
_MAX_TEXT = MAX_JSON * 2
"""Maximum bytes of a card's text: base64 turns three bytes into four, and it may be compressed."""
_MAX_CARDS = 64
_CONVERTED = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")


class CutOff(ExchangeError):
    """The end of the picture is missing."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The parts of a PNG.

    Attributes:
        cards: The JSON bytes of ``chara`` and ``ccv3``, if present.
        stripped: The picture without them; every other chunk is unchanged.
        notes: Irregularities that could be ignored.
    """

    cards: dict[str, bytes]
    stripped: bytes
    notes: tuple[str, ...]


def read(data: bytes) -> Picture:
    """Separate a picture and the cards in it.

    Damage is only noted while a card can be read: another of the two, or one before the end.

    Raises:
        ExchangeError: The picture is no PNG, or its cards are damaged.
    """
    cards: dict[str, bytes] = {}
    damage: list[ExchangeError] = []
    notes: list[str] = []
    cuts: list[tuple[int, int]] = []
    try:
        for key, kind, start, length in _card_chunks(data):
            cuts.append((start, start + 12 + length))
            if len(cuts) > _MAX_CARDS:
                raise ExchangeError("The picture contains far too many cards.")
            if key in cards:
                notes.append(f"The picture has more than one chunk {key}; the first was used.")
                continue
            try:
                cards[key] = _decode(kind, data[start + 8 : start + 8 + length], key)
            except ExchangeError as error:
                damage.append(error)
                continue
            if zlib.crc32(data[start + 4 : start + 8 + length]) != _u32(data, start + 8 + length):
                notes.append(f"The checksum of the chunk {key} is wrong; it was used anyway.")
    except CutOff as error:
        damage.append(error)
    if damage and not cards:
        raise damage[0]
    notes += [f"{error} The card was read from the rest." for error in damage]
    return Picture(cards, _cut_out(data, cuts), tuple(notes))


def write(picture: bytes, cards: dict[str, bytes]) -> bytes:
    """Put cards into a picture; its own cards are replaced, everything else is kept.

    Raises:
        ExchangeError: The picture is no PNG.
    """
    clean = _without_cards(picture)
    added = b"".join(
        _chunk(b"tEXt", key.encode("latin-1") + b"\0" + base64.b64encode(text))
        for key, text in cards.items()
    )
    end = next((start for kind, start, _ in chunks(clean) if kind == b"IEND"), len(clean))
    return clean[:end] + added + clean[end:]


def _without_cards(data: bytes) -> bytes:
    """The picture without its cards, whether or not they are readable."""
    found = _card_chunks(data)
    return _cut_out(data, [(start, start + 12 + length) for _, _, start, length in found])


def _card_chunks(data: bytes) -> Iterator[tuple[str, bytes, int, int]]:
    """(key, type, offset, length) of every text chunk that holds a card."""
    for kind, start, length in chunks(data):
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            body = data[start + 8 : start + 8 + min(length, 80)]
            key = body.split(b"\0", 1)[0].decode("latin-1").strip().casefold()
            if key in CARD_KEYS:
                yield key, kind, start, length


def blank(width: int = 400, height: int = 600) -> bytes:
    """A plain picture for a card without a portrait."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes([60 + 100 * row // height]) * width for row in range(height))
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9))
    return MAGIC + body + _chunk(b"IEND", b"")


def converted(picture: bytes) -> bytes | None:
    """A picture of another format, or a damaged one, as a PNG; ``None`` if it cannot be decoded."""

    def as_png(image: Image.Image) -> bytes:
        check_size(image)
        output = io.BytesIO()
        image.convert("RGBA" if image.has_transparency_data else "RGB").save(output, "PNG")
        return output.getvalue()

    return read_picture(picture, _CONVERTED, as_png)


def is_whole(data: bytes) -> bool:
    """Whether this is a PNG with all its chunks."""
    try:
        return sum(1 for _ in chunks(data)) > 0
    except ExchangeError:
        return False


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, offset, length) of every chunk up to and including ``IEND``.

    Raises:
        ExchangeError: The picture is incomplete or no PNG.
    """
    if not data.startswith(MAGIC):
        raise ExchangeError("The file is not a PNG picture.")
    at, count = len(MAGIC), 0
    while at + 12 <= len(data):
        length = _u32(data, at)
        kind = data[at + 4 : at + 8]
        if at + 12 + length > len(data):
            raise CutOff("The picture is cut off in its last chunk.")
        count += 1
        if count > _MAX_CHUNKS:
            raise ExchangeError("The picture has far too many chunks.")
        yield kind, at, length
        if kind == b"IEND":
            return
        at += 12 + length
    raise CutOff("The picture is cut off: its end is missing.")


def _decode(kind: bytes, body: bytes, key: str) -> bytes:
    """The JSON in a text chunk, decompressed if necessary and decoded from base64."""
    text = _unpack(kind, body, key)
    if len(text) > _MAX_TEXT:
        raise ExchangeError(f"The chunk {key} is too large to be a card.")
    stripped = text.strip()
    if stripped.startswith(b"{"):
        return stripped
    packed = b"".join(stripped.split()).rstrip(b"=")
    try:
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except binascii.Error as error:
        raise ExchangeError(f"The chunk {key} is not base64: it is damaged.") from error


def _unpack(kind: bytes, body: bytes, key: str) -> bytes:
    _, _, rest = body.partition(b"\0")
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _inflate(rest[1:], key)
    packed = rest[:1] == b"\1"
    _, _, rest = rest[2:].partition(b"\0")
    _, _, rest = rest.partition(b"\0")
    return _inflate(rest, key) if packed else rest


def _inflate(data: bytes, key: str) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, _MAX_TEXT + 1)
    except zlib.error as error:
        raise ExchangeError(f"The chunk {key} cannot be decompressed: it is damaged.") from error
    if len(text) > _MAX_TEXT:
        raise ExchangeError(f"The chunk {key} decompresses to far more than a card.")
    return text


def _cut_out(data: bytes, cuts: list[tuple[int, int]]) -> bytes:
    if not cuts:
        return data
    parts, at = [], 0
    for start, end in cuts:
        parts.append(data[at:start])
        at = end
    return b"".join([*parts, data[at:]])


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")
