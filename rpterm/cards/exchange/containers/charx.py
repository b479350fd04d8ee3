"""Reads and writes CHARX: a zip archive with ``card.json`` at its root and the card's assets."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

from rpterm.cards.exchange.errors import MAX_JSON, ExchangeError, NotACard
from rpterm.foreign_zip import ZIP_ERRORS

CARD = "card.json"
_MAX_MEMBERS, _MAX_DIRECTORY = 4000, 1 << 20
_MAX_TOTAL = 64 << 20
_END, TAIL = b"PK\x05\x06", 66_000
"""What the table of contents begins with, and how near to the end of the file it is."""
JPEG = b"\xff\xd8\xff"
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def unpack(data: bytes) -> dict[str, bytes]:
    """Unpack an archive into memory, within limits: path → content. Nothing is written anywhere.

    Raises:
        ExchangeError: It is no zip, is encrypted or a zip bomb, or contains a path that leads
            outside.
    """
    _check_directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [each for each in archive.infolist() if not each.filename.endswith("/")]
            if len(members) > _MAX_MEMBERS:
                raise NotACard(f"The archive has {len(members):,} files: it is not a card.")
            files: dict[str, bytes] = {}
            room = _MAX_TOTAL
            for member in members:
                _check_member(member)
                files[member.filename] = _unpack(archive, member, room)
                room -= len(files[member.filename])
    except (*ZIP_ERRORS, OSError) as error:
        raise ExchangeError(f"The archive is damaged: {error}.") from error
    return files


def has_directory(data: bytes) -> bool:
    """Whether data ends with an archive's table of contents."""
    return _END in data[-TAIL:]


def write(card: bytes, files: Mapping[str, bytes]) -> bytes:
    """Build a CHARX; the same card and files always give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in {CARD: card, **files}.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, body)
    return buffer.getvalue()


def _check_directory(data: bytes) -> None:
    """Check the zip directory before it is parsed, because it may list millions of files."""
    end = data.rfind(_END, max(0, len(data) - TAIL))
    if end < 0 or end + 22 > len(data):
        raise ExchangeError("The archive is cut off: its table of contents is missing.")
    count, size = struct.unpack_from("<HI", data, end + 10)
    if (
        size > _MAX_DIRECTORY
        or count > _MAX_MEMBERS
        or data.find(b"PK\x06\x07", end - 20, end) > -1
    ):
        raise ExchangeError("The archive lists more files than a card can have.")


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.filename
    if not name:
        raise ExchangeError("The archive has a file without a name.")
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise ExchangeError(
            f"The archive has a file whose path leads outside of it: {name[:80]!r}."
        )
    if member.flag_bits & 0x1:
        raise ExchangeError("The archive is encrypted.")
    if member.compress_type not in _COMPRESSIONS:
        raise ExchangeError(f"{name[:80]!r} uses a compression that CHARX does not allow.")


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> bytes:
    """Unpack one file; its declared size is not trusted."""
    limit = min(room, MAX_JSON) if member.filename == CARD else room
    with archive.open(member) as file:
        body = file.read(limit + 1)
    if len(body) > limit:
        raise ExchangeError(
            "The archive unpacks to far more than a card and its pictures can have."
        )
    return body
