"""The rows in a database file's pages, found without SQLite and without its list of tables.

SQLite reads a table from its root down; where a page on the way is damaged, all below it is lost to
it. Here every page is looked at by itself, and those that hold rows are joined by the root they
belong to. Knows SQLite's file format (https://www.sqlite.org/fileformat2.html), for tables with row
numbers, and none of our tables.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

Value = int | float | str | bytes | None

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
_LEAF, _INTERIOR = 0x0D, 0x05
_ROOT, _FREE, _BELOW = 1, 2, 5
_MOST_COLUMNS = 200
_DEEPEST = 30


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number and its values in the order of the table's columns."""

    number: int
    values: tuple[Value, ...]


@dataclass(slots=True)
class Group:
    """Rows that belong together.

    Attributes:
        root: The page their table begins at; 0 when the way up is lost, then it is one page's rows.
    """

    root: int
    rows: list[Row] = field(default_factory=list)


class Pages:
    """The pages of a file with what its write-ahead log says of them."""

    def __init__(self, content: bytes, log: bytes, sound: bytes) -> None:
        """``sound`` is a good file of the same program, for a header that is lost."""
        whole = content[: len(_MAGIC)] == _MAGIC
        self.size = page_size(content if whole else sound)
        self._content = content
        self._logged = dict(_logged(log, self.size))
        self.count = max([len(content) // self.size, *self._logged])
        self._room = self.size - sound[20]
        self._map_step = self._room // 5 + 1

    def page(self, number: int) -> bytes:
        """One page, from 1; empty where there is none."""
        if number in self._logged:
            return self._logged[number]
        return self._content[(number - 1) * self.size : number * self.size]

    def every_row(self) -> Iterator[Row]:
        """All rows, page by page."""
        for number in range(1, self.count + 1):
            yield from self.rows(number)

    def groups(self, roots: Collection[int]) -> list[Group]:
        """All rows of all tables, those of a table together as far as its pages are known.

        Args:
            roots: Pages where tables are known to begin; the file's map of pointers adds to them.
        """
        owner = self._owners({1, *roots})
        found: dict[int, Group] = {}
        for number in range(1, self.count + 1):
            if self._entry(number) == (_FREE, 0):
                continue
            rows = list(self.rows(number))
            if rows:
                root = owner.get(number) or self._climb(number)
                group = found.setdefault(root or -number, Group(root))
                group.rows += rows
        return list(found.values())

    def rows(self, number: int) -> Iterator[Row]:
        """The rows on one page that make sense; none on a page of another kind."""
        page = self.page(number)
        start = _HEADER if number == 1 else 0
        if len(page) < self.size or page[start] != _LEAF:
            return
        (count,) = struct.unpack_from(">H", page, start + 3)
        first = start + 8
        if first + 2 * count > self._room:
            return
        for at in struct.unpack_from(f">{count}H", page, first):
            if first + 2 * count <= at < self._room:
                row = self._cell(page, at)
                if row is not None:
                    yield row

    def _cell(self, page: bytes, at: int) -> Row | None:
        try:
            length, at = _varint(page, at)
            number, at = _varint(page, at)
            number -= (number >> 63) << 64
            payload = self._payload(page, at, length)
            values = None if payload is None else _record(payload)
        except (IndexError, struct.error, ValueError):
            return None
        return None if values is None else Row(number, values)

    def _payload(self, page: bytes, at: int, length: int) -> bytes | None:
        """What a cell holds, with its overflow pages."""
        local, most = length, self._room - 35
        if length > most:
            least = (self._room - 12) * 32 // 255 - 23
            local = least + (length - least) % (self._room - 4)
            local = least if local > most else local
        if length > self.count * self.size or at + local > self._room:
            return None
        parts, rest = [page[at : at + local]], length - local
        (follow,) = struct.unpack_from(">I", page, at + local) if rest else (0,)
        while rest > 0:
            if not 1 < follow <= self.count:
                return None
            more = self.page(follow)
            (follow,) = struct.unpack_from(">I", more)
            parts.append(more[4 : 4 + min(rest, self._room - 4)])
            rest -= self._room - 4
        return b"".join(parts)

    def _owners(self, roots: Collection[int]) -> dict[int, int]:
        """Page → root, as the pages between them tell it."""
        parents: dict[int, int] = {}
        for number in range(1, self.count + 1):
            for child in self._children(number):
                parents.setdefault(child, number)
        owners: dict[int, int] = {}
        for number in range(1, self.count + 1):
            top, steps = number, 0
            while top in parents and steps < _DEEPEST:
                top, steps = parents[top], steps + 1
            # Where the way ends must be a root, or the page above it is lost.
            if top in roots or self._entry(top) == (_ROOT, 0):
                owners[number] = top
        return owners

    def _children(self, number: int) -> list[int]:
        """The pages that a page of a table points to; none when it is of another kind."""
        page = self.page(number)
        start = _HEADER if number == 1 else 0
        if len(page) < self.size or page[start] != _INTERIOR:
            return []
        count, last = struct.unpack_from(">H", page, start + 3)[0], start + 8
        if last + 4 + 2 * count > self._room:
            return []
        places = struct.unpack_from(f">{count}H", page, last + 4)
        found = [
            struct.unpack_from(">I", page, at)[0] for at in (*places, last) if at + 4 <= self._room
        ]
        return [child for child in found if 1 < child <= self.count]

    def _climb(self, number: int) -> int:
        """The root of a page as the map of pointers tells it; 0 where it does not."""
        for _ in range(_DEEPEST):
            if number == 1:
                return 1
            kind, parent = self._entry(number)
            if (kind, parent) == (_ROOT, 0):
                return number
            if kind != _BELOW or not 0 < parent <= self.count or parent == number:
                return 0
            number = parent
        return 0

    def _entry(self, number: int) -> tuple[int, int]:
        """What the map of pointers, which our files all have, says of a page."""
        if number < 3:
            return 0, 0
        place = (number - 2) // self._map_step * self._map_step + 2
        page, at = self.page(place), 5 * (number - place - 1)
        if place == number or at + 5 > len(page):
            return 0, 0
        kind, parent = struct.unpack_from(">BI", page, at)
        return kind, parent


def page_size(header: bytes) -> int:
    """Bytes of a page, as a file's header tells it."""
    size = int.from_bytes(header[16:18], "big")
    return 65536 if size == 1 else size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(at, at + 8):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    return value << 8 | data[at + 8], at + 9


def _record(payload: bytes) -> tuple[Value, ...] | None:
    """The values of a record; ``None`` when its lengths do not add up."""
    end, at = _varint(payload, 0)
    kinds = []
    while at < end:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if at != end or not 0 < len(kinds) <= _MOST_COLUMNS or 10 in kinds or 11 in kinds:
        return None
    if sum(map(_length, kinds)) != len(payload) - end:
        return None
    values = []
    for kind in kinds:
        values.append(_value(kind, payload[at : at + _length(kind)]))
        at += _length(kind)
    return tuple(values)


def _length(kind: int) -> int:
    return (kind - 12) // 2 if kind >= 12 else (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[kind]


def _value(kind: int, raw: bytes) -> Value:
    if kind == 0:
        return None
    if kind == 7:
        return float(struct.unpack(">d", raw)[0])
    if kind in (8, 9):
        return kind - 8
    if kind < 8:
        return int.from_bytes(raw, "big", signed=True)
    return raw.decode("utf-8", "replace") if kind % 2 else raw


def _logged(log: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    """The pages in a write-ahead log up to its last whole transaction, the newest last."""
    if len(log) < 32 or log[:3] != b"\x37\x7f\x06" or int.from_bytes(log[8:12], "big") != size:
        return
    order = ">" if log[3] & 1 else "<"
    sums = _sum(log[:24], (0, 0), order)
    if sums != struct.unpack_from(">II", log, 24):
        return
    waiting: list[tuple[int, bytes]] = []
    for at in range(32, len(log) - size - 23, size + 24):
        head, page = log[at : at + 24], log[at + 24 : at + 24 + size]
        sums = _sum(page, _sum(head[:8], sums, order), order)
        if head[8:16] != log[16:24] or sums != struct.unpack_from(">II", head, 16):
            return
        number, commit = struct.unpack_from(">II", head)
        waiting.append((number, page))
        if commit:
            yield from waiting
            waiting = []


def _sum(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    one, two = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        one = (one + even + two) & 0xFFFFFFFF
        two = (two + odd + one) & 0xFFFFFFFF
    return one, two
