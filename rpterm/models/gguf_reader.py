"""Bounded sequential reading of a GGUF file.

Whatever a hostile file claims (lengths, counts, types) is checked here against the actual size of
the file and against fixed limits before anything is allocated. Knows the encoding of GGUF, but not
what any key means.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import BinaryIO

_BUFFER_BYTES = 1 << 18
_STRIDE = 1024
"""The offset of every 1,024th string of an array is recorded, to find single strings later."""
_MAX_NUMBERS = 10_000
_MAX_TOKEN_BYTES = 65_535
MAX_STRINGS = 4_000_000
"""In all arrays of one file; the largest vocabularies with merges have about 800,000."""

_SCALARS: dict[int, struct.Struct] = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
STRING, ARRAY = 8, 9
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")

Scalar = int | float | bool


class Damaged(Exception):
    """The header is invalid; the text completes the sentence "the header …"."""


class Truncated(Damaged):
    """The header continues past the end of the file."""


class GgufReader:
    """Reads a file through a small buffer.

    Args:
        file: Opened for reading bytes.
        size: Its length; nothing is read beyond it.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size
        self._buffer_start = 0
        self._buffer = b""
        self._pos = 0
        self._string_count = 0

    @property
    def offset(self) -> int:
        """Offset of the next byte in the file."""
        return self._buffer_start + self._pos

    def _fill(self, count: int) -> None:
        """Make sure that the buffer has ``count`` more bytes."""
        if len(self._buffer) - self._pos >= count:
            return
        if self.offset + count > self.size:
            raise Truncated("continues past the end of the file")
        self._buffer_start, self._pos = self.offset, 0
        self._file.seek(self._buffer_start)
        self._buffer = self._file.read(max(count, _BUFFER_BYTES))
        if len(self._buffer) < count:
            raise Truncated("continues past the end of the file")

    def take(self, count: int) -> bytes:
        """Read the next bytes."""
        self._fill(count)
        data = self._buffer[self._pos : self._pos + count]
        self._pos += count
        return data

    def skip(self, count: int) -> None:
        """Skip bytes without reading them."""
        if self.offset + count > self.size:
            raise Truncated("continues past the end of the file")
        self._pos += count
        if self._pos > len(self._buffer):
            self._buffer_start, self._pos, self._buffer = self.offset, 0, b""

    def go_to(self, offset: int) -> None:
        """Continue at this offset."""
        self._buffer_start, self._pos, self._buffer = offset, 0, b""

    def u32(self) -> int:
        return int(_U32.unpack(self.take(4))[0])

    def u64(self) -> int:
        return int(_U64.unpack(self.take(8))[0])

    def text(self, limit: int) -> str:
        """Read a string of at most ``limit`` bytes; bytes that are not UTF-8 become U+FFFD."""
        length = self.u64()
        if length > limit:
            raise Damaged(f"has a string of {length:,} bytes, more than the {limit:,} allowed")
        return self.take(length).decode("utf-8", "replace")

    def skip_text(self) -> None:
        self.skip(self.u64())

    def scalar(self, kind: int) -> Scalar:
        """Read one number or boolean."""
        struct_ = _SCALARS.get(kind)
        if struct_ is None:
            raise Damaged(f"has a value of the unknown type {kind}")
        value: Scalar = struct_.unpack(self.take(struct_.size))[0]
        return value

    def array_head(self) -> tuple[int, int]:
        """Read the element type and count of an array."""
        kind, count = self.u32(), self.u64()
        if kind == ARRAY:
            raise Damaged("has an array inside an array, which GGUF does not allow")
        width = 8 if kind == STRING else _SCALARS[kind].size if kind in _SCALARS else 0
        if not width:
            raise Damaged(f"has an array of the unknown type {kind}")
        if count * width > self.size - self.offset:
            raise Truncated(f"has an array of {count:,} values, more than fit into the file")
        return kind, count

    def skip_array(self) -> None:
        kind, count = self.array_head()
        if kind == STRING:
            self.skip_strings(count)
        else:
            self.skip(count * _SCALARS[kind].size)

    def numbers(self) -> list[Scalar]:
        """Read a short array of numbers; any other array is skipped and gives an empty list."""
        kind, count = self.array_head()
        if kind == STRING:
            self.skip_strings(count)
            return []
        if count > _MAX_NUMBERS:
            self.skip(count * _SCALARS[kind].size)
            return []
        return [self.scalar(kind) for _ in range(count)]

    def skip_strings(self, count: int) -> list[int]:
        """Skip strings; returns the offset of every 1,024th."""
        self._string_count += count
        if self._string_count > MAX_STRINGS:
            raise Damaged(f"lists {self._string_count:,} strings, more than any vocabulary has")
        offsets: list[int] = []
        while count > 0:
            offsets.append(self.offset)
            self._skip_strings(min(count, _STRIDE))
            count -= _STRIDE
        return offsets

    def _skip_strings(self, count: int) -> None:
        """The inner loop, optimized: it skips 100,000 strings before a model's first reply."""
        unpack: Callable[..., tuple[int]] = _U64.unpack_from
        for _ in range(count):
            at = self._pos
            if len(self._buffer) - at < 8:
                self._fill(8)
                at = self._pos
            (length,) = unpack(self._buffer, at)
            self._pos = at + 8 + length
            if self._pos > len(self._buffer):
                self._pos = at + 8
                self.skip(length)

    def string_at(self, offsets: list[int], index: int) -> str:
        """String ``index`` of an array skipped by ``skip_strings``; the position is kept."""
        position = self.offset
        self.go_to(offsets[index // _STRIDE])
        for _ in range(index % _STRIDE):
            self.skip_text()
        text = self.text(_MAX_TOKEN_BYTES)
        self.go_to(position)
        return text
