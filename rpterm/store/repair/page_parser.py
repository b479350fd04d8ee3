"""Parses the rows on a database file's pages without SQLite and without the list of tables.

SQLite reads a table from its root page down; below a damaged page it finds nothing. Here every page
is parsed by itself, and leaf pages with rows are grouped by the root page they belong to. Knows
SQLite's file format (https://www.sqlite.org/fileformat2.html) for tables with rowids, and nothing
about our tables.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

Value = int | float | str | bytes | None

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_LEAF, _INTERIOR = 0x0D, 0x05
_PTR_ROOT, _PTR_FREE, _PTR_CHILD = 1, 2, 5
_MAX_COLUMNS = 200
_MAX_DEPTH = 30


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its rowid and its values in the order of the table's columns."""

    number: int
    values: tuple[Value, ...]


@dataclass(slots=True)
class Group:
    """Rows of the same table.

    Attributes:
        root: The root page of their table; 0 if the path to it is lost, then the rows are those of
            a single page.
    """

    root: int
    rows: list[Row] = field(default_factory=list)


class Pages:
    """The pages of a file, with the newer versions from its write-ahead log."""

    def __init__(self, content: bytes, log: bytes, sound: bytes) -> None:
        """``sound`` is an intact file of rpterm, in case the header is lost."""
        has_header = content[: len(_MAGIC)] == _MAGIC
        self.size = page_size(content if has_header else sound)
        self._content = content
        self._wal_pages = dict(_wal_pages(log, self.size))
        self.count = max([len(content) // self.size, *self._wal_pages])
        self._usable = self.size - sound[20]
        self._map_step = self._usable // 5 + 1

    def page(self, number: int) -> bytes:
        """One page, counted from 1; empty if there is none."""
        if number in self._wal_pages:
            return self._wal_pages[number]
        return self._content[(number - 1) * self.size : number * self.size]

    def every_row(self) -> Iterator[Row]:
        """All rows, page by page."""
        for number in range(1, self.count + 1):
            yield from self.rows(number)

    def groups(self, roots: Collection[int]) -> list[Group]:
        """All rows of all tables, grouped by table as far as the root of their page is known.

        Args:
            roots: Known root pages; the file's pointer map adds to them.
        """
        owner = self._roots_by_page({1, *roots})
        found: dict[int, Group] = {}
        for number in range(1, self.count + 1):
            if self._pointer_map_entry(number) == (_PTR_FREE, 0):
                continue
            rows = list(self.rows(number))
            if rows:
                root = owner.get(number) or self._root_from_pointer_map(number)
                group = found.setdefault(root or -number, Group(root))
                group.rows += rows
        return list(found.values())

    def rows(self, number: int) -> Iterator[Row]:
        """The valid rows on one page; none unless it is a leaf page of a table."""
        page = self.page(number)
        start = _HEADER_BYTES if number == 1 else 0
        if len(page) < self.size or page[start] != _LEAF:
            return
        (count,) = struct.unpack_from(">H", page, start + 3)
        first = start + 8
        if first + 2 * count > self._usable:
            return
        for at in struct.unpack_from(f">{count}H", page, first):
            if first + 2 * count <= at < self._usable:
                row = self._cell(page, at)
                if row is not None:
                    yield row

    def _cell(self, page: bytes, at: int) -> Row | None:
        try:
            length, at = _varint(page, at)
            number, at = _varint(page, at)
            number -= (number >> 63) << 64
            payload = self._payload(page, at, length)
            values = None if payload is None else _parse_record(payload)
        except (IndexError, struct.error, ValueError):
            return None
        return None if values is None else Row(number, values)

    def _payload(self, page: bytes, at: int, length: int) -> bytes | None:
        """The complete payload of a cell, with its overflow pages."""
        # How much is stored on the page itself: "max local" and "min local" of the format.
        local, max_local = length, self._usable - 35
        if length > max_local:
            min_local = (self._usable - 12) * 32 // 255 - 23
            local = min_local + (length - min_local) % (self._usable - 4)
            local = min_local if local > max_local else local
        if length > self.count * self.size or at + local > self._usable:
            return None
        parts, remaining = [page[at : at + local]], length - local
        (next_page,) = struct.unpack_from(">I", page, at + local) if remaining else (0,)
        while remaining > 0:
            if not 1 < next_page <= self.count:
                return None
            overflow = self.page(next_page)
            (next_page,) = struct.unpack_from(">I", overflow)
            parts.append(overflow[4 : 4 + min(remaining, self._usable - 4)])
            remaining -= self._usable - 4
        return b"".join(parts)

    def _roots_by_page(self, roots: Collection[int]) -> dict[int, int]:
        """Page → root page, according to the interior pages between them."""
        parents: dict[int, int] = {}
        for number in range(1, self.count + 1):
            for child in self._children(number):
                parents.setdefault(child, number)
        owners: dict[int, int] = {}
        for number in range(1, self.count + 1):
            top, steps = number, 0
            while top in parents and steps < _MAX_DEPTH:
                top, steps = parents[top], steps + 1
            # If the topmost page is not a root, the page above it is lost.
            if top in roots or self._pointer_map_entry(top) == (_PTR_ROOT, 0):
                owners[number] = top
        return owners

    def _children(self, number: int) -> list[int]:
        """The child pages of an interior page of a table; none for any other page."""
        page = self.page(number)
        start = _HEADER_BYTES if number == 1 else 0
        if len(page) < self.size or page[start] != _INTERIOR:
            return []
        count, last = struct.unpack_from(">H", page, start + 3)[0], start + 8
        if last + 4 + 2 * count > self._usable:
            return []
        places = struct.unpack_from(f">{count}H", page, last + 4)
        found = [
            struct.unpack_from(">I", page, at)[0]
            for at in (*places, last)
            if at + 4 <= self._usable
        ]
        return [child for child in found if 1 < child <= self.count]

    def _root_from_pointer_map(self, number: int) -> int:
        """The root of a page according to the pointer map; 0 if the map does not lead to one."""
        for _ in range(_MAX_DEPTH):
            if number == 1:
                return 1
            kind, parent = self._pointer_map_entry(number)
            if (kind, parent) == (_PTR_ROOT, 0):
                return number
            if kind != _PTR_CHILD or not 0 < parent <= self.count or parent == number:
                return 0
            number = parent
        return 0

    def _pointer_map_entry(self, number: int) -> tuple[int, int]:
        """The (type, parent) entry of a page in the pointer map, which all our files have."""
        if number < 3:
            return 0, 0
        place = (number - 2) // self._map_step * self._map_step + 2
        page, at = self.page(place), 5 * (number - place - 1)
        if place == number or at + 5 > len(page):
            return 0, 0
        kind, parent = struct.unpack_from(">BI", page, at)
        return kind, parent


def page_size(header: bytes) -> int:
    """The page size in bytes according to a file's header."""
    size = int.from_bytes(header[16:18], "big")
    return 65536 if size == 1 else size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(at, at + 8):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    return value << 8 | data[at + 8], at + 9


def _parse_record(payload: bytes) -> tuple[Value, ...] | None:
    """The values of a record; ``None`` if its lengths do not add up."""
    end, at = _varint(payload, 0)
    kinds = []
    while at < end:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if at != end or not 0 < len(kinds) <= _MAX_COLUMNS or 10 in kinds or 11 in kinds:
        return None
    if sum(map(_value_length, kinds)) != len(payload) - end:
        return None
    values = []
    for kind in kinds:
        values.append(_parse_value(kind, payload[at : at + _value_length(kind)]))
        at += _value_length(kind)
    return tuple(values)


def _value_length(kind: int) -> int:
    return (kind - 12) // 2 if kind >= 12 else (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[kind]


def _parse_value(kind: int, raw: bytes) -> Value:
    if kind == 0:
        return None
    if kind == 7:
        return float(struct.unpack(">d", raw)[0])
    if kind in (8, 9):
        return kind - 8
    if kind < 8:
        return int.from_bytes(raw, "big", signed=True)
    return raw.decode("utf-8", "replace") if kind % 2 else raw


def _wal_pages(log: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    """The pages in a write-ahead log up to its last complete transaction, newest last."""
    if len(log) < 32 or log[:3] != b"\x37\x7f\x06" or int.from_bytes(log[8:12], "big") != size:
        return
    order = ">" if log[3] & 1 else "<"
    sums = _checksum(log[:24], (0, 0), order)
    if sums != struct.unpack_from(">II", log, 24):
        return
    waiting: list[tuple[int, bytes]] = []
    for at in range(32, len(log) - size - 23, size + 24):
        head, page = log[at : at + 24], log[at + 24 : at + 24 + size]
        sums = _checksum(page, _checksum(head[:8], sums, order), order)
        if head[8:16] != log[16:24] or sums != struct.unpack_from(">II", head, 16):
            return
        number, commit = struct.unpack_from(">II", head)
        waiting.append((number, page))
        if commit:
            yield from waiting
            waiting = []


def _checksum(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    one, two = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        one = (one + even + two) & 0xFFFFFFFF
        two = (two + odd + one) & 0xFFFFFFFF
    return one, two
