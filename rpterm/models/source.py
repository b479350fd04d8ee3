"""Bounded reading of a GGUF file, front to back.

Everything a hostile file can say about itself (lengths, counts, types) is checked here against the
bytes that are really there and against fixed limits, before anything is allocated. Knows the wire
format of GGUF, not what any key means.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import BinaryIO

_WINDOW = 1 << 18
_STRIDE = 1024
"""Every so many strings of an array their offset is noted, so that one of them is found again."""
_MOST_NUMBERS = 10_000
_LONGEST_TOKEN = 65_535
MAX_STRINGS = 4_000_000
"""Strings in all arrays of one file; the largest vocabularies with merges have about 800,000."""

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
    """The header makes no sense; the text says why, in words that finish "the header …"."""


class CutOff(Damaged):
    """The header goes on past the end of the file."""


class Source:
    """A file read through one small window.

    Args:
        file: Opened for reading bytes.
        size: Its length; nothing is believed that would lie behind it.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size
        self._start = 0
        self._window = b""
        self._at = 0
        self._strings = 0

    @property
    def offset(self) -> int:
        """Where the next byte is read."""
        return self._start + self._at

    def _need(self, count: int) -> None:
        """Have ``count`` bytes in the window at ``_at``."""
        if len(self._window) - self._at >= count:
            return
        if self.offset + count > self.size:
            raise CutOff("goes on past the end of the file")
        self._start, self._at = self.offset, 0
        self._file.seek(self._start)
        self._window = self._file.read(max(count, _WINDOW))
        if len(self._window) < count:
            raise CutOff("goes on past the end of the file")

    def take(self, count: int) -> bytes:
        """The next bytes."""
        self._need(count)
        data = self._window[self._at : self._at + count]
        self._at += count
        return data

    def skip(self, count: int) -> None:
        """Go on without reading."""
        if self.offset + count > self.size:
            raise CutOff("goes on past the end of the file")
        self._at += count
        if self._at > len(self._window):
            self._start, self._at, self._window = self.offset, 0, b""

    def go_to(self, offset: int) -> None:
        """Read on from here."""
        self._start, self._at, self._window = offset, 0, b""

    def u32(self) -> int:
        return int(_U32.unpack(self.take(4))[0])

    def u64(self) -> int:
        return int(_U64.unpack(self.take(8))[0])

    def text(self, limit: int) -> str:
        """A string of at most ``limit`` bytes; bytes that are no UTF-8 become U+FFFD."""
        length = self.u64()
        if length > limit:
            raise Damaged(f"has a string of {length:,} bytes where at most {limit:,} make sense")
        return self.take(length).decode("utf-8", "replace")

    def skip_text(self) -> None:
        self.skip(self.u64())

    def scalar(self, kind: int) -> Scalar:
        """One number or truth value."""
        form = _SCALARS.get(kind)
        if form is None:
            raise Damaged(f"has a value of the unknown type {kind}")
        value: Scalar = form.unpack(self.take(form.size))[0]
        return value

    def array_head(self) -> tuple[int, int]:
        """Element type and count of the array that begins here."""
        kind, count = self.u32(), self.u64()
        if kind == ARRAY:
            raise Damaged("has an array inside an array, which GGUF does not allow")
        width = 8 if kind == STRING else _SCALARS[kind].size if kind in _SCALARS else 0
        if not width:
            raise Damaged(f"has an array of the unknown type {kind}")
        if count * width > self.size - self.offset:
            raise CutOff(f"has an array of {count:,} values, more than the file holds")
        return kind, count

    def skip_array(self) -> None:
        kind, count = self.array_head()
        if kind == STRING:
            self.skip_strings(count)
        else:
            self.skip(count * _SCALARS[kind].size)

    def numbers(self) -> list[Scalar]:
        """The array that begins here, when it is a short one of numbers; else it is skipped."""
        kind, count = self.array_head()
        if kind == STRING:
            self.skip_strings(count)
            return []
        if count > _MOST_NUMBERS:
            self.skip(count * _SCALARS[kind].size)
            return []
        return [self.scalar(kind) for _ in range(count)]

    def skip_strings(self, count: int) -> list[int]:
        """Go past strings; the offset of every 1,024th is returned."""
        self._strings += count
        if self._strings > MAX_STRINGS:
            raise Damaged(f"lists {self._strings:,} strings, more than any vocabulary has")
        marks: list[int] = []
        while count > 0:
            marks.append(self.offset)
            self._skip_some(min(count, _STRIDE))
            count -= _STRIDE
        return marks

    def _skip_some(self, count: int) -> None:
        """The inner loop: 100,000 strings pass here before a model's first reply."""
        unpack: Callable[..., tuple[int]] = _U64.unpack_from
        for _ in range(count):
            at = self._at
            if len(self._window) - at < 8:
                self._need(8)
                at = self._at
            (length,) = unpack(self._window, at)
            self._at = at + 8 + length
            if self._at > len(self._window):
                self._at = at + 8
                self.skip(length)

    def string_at(self, marks: list[int], index: int) -> str:
        """String ``index`` of an array that was skipped; the place to read on is kept."""
        back = self.offset
        self.go_to(marks[index // _STRIDE])
        for _ in range(index % _STRIDE):
            self.skip_text()
        found = self.text(_LONGEST_TOKEN)
        self.go_to(back)
        return found
