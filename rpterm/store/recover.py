"""Put the rows of a damaged file's pages into a new database, where SQLite itself found no way.

Which table rows belong to is told by the file's own list of tables, by what is left of it; else by
the rows: kinds, number and rules of the columns fit one table only. Two tables that look alike
(personas and flags: two texts) cannot be told apart when the list and the map of pointers are lost
together; rows of tables without row numbers (scores) are not looked for. All else comes back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from rpterm.store.pages import Group, Pages, Row, Value
from rpterm.store.rows import marks

_TYPES: dict[str, tuple[type, ...]] = {
    "TEXT": (str,),
    "INTEGER": (int,),
    "REAL": (int, float),
    "BLOB": (bytes, str),
}
_SHOWN = 20
"""Rows of a page that are looked at to find out whose they are."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A table as its rows look.

    Attributes:
        columns: Name, type, and whether there must be a value.
        number: Index of the column that stands for the row's number; it is empty in the file.
    """

    name: str
    columns: tuple[tuple[str, str, bool], ...]
    number: int | None
    unique: bool

    def fits(self, row: Row) -> bool:
        """Whether a row may be of this table; rows of an older schema have fewer columns."""
        if len(row.values) > len(self.columns):
            return False
        pairs = zip(row.values, self.columns, strict=False)
        short = len(row.values) < len(self.columns)
        plain = all(
            value is None if place == self.number else _fits(value, kind, needed)
            for place, (value, (_, kind, needed)) in enumerate(pairs)
        )
        return plain and not (short and len(row.values) < 3)

    def full(self, row: Row) -> list[Value]:
        """The row with its number where it belongs."""
        values = list(row.values)
        if self.number is not None:
            values[self.number] = row.number
        return values


def recover(pages: Pages, new: sqlite3.Connection) -> int:
    """Insert every row that is not there yet.

    Returns:
        How many were added.
    """
    shapes = {shape.name: shape for shape in _shapes(new)}
    named = dict(_named(pages))
    before = new.total_changes
    for group in pages.groups(named):
        name = named.get(group.root) or _guess(group, shapes)
        if name == "sqlite_sequence":
            _numbers(group.rows, new)
        elif name in shapes:
            _insert(shapes[name], group.rows, new)
    return new.total_changes - before


def _named(pages: Pages) -> Iterator[tuple[int, str]]:
    """Root page → table, by what is left of the list of tables."""
    for row in pages.every_row():
        match row.values:
            case ("table", str(name), str(same), int(root), str()) if name == same and root > 1:
                yield root, name


def _guess(group: Group, shapes: dict[str, Shape]) -> str | None:
    """The one table that all rows fit; ``None`` when there are none or several."""
    if group.root == 1:
        return None
    some = group.rows[:_SHOWN]
    found = [shape for shape in shapes.values() if all(shape.fits(row) for row in some)]
    exact = [s for s in found if all(len(row.values) == len(s.columns) for row in some)]
    found = exact or found
    return found[0].name if len(found) == 1 else None


def _insert(shape: Shape, rows: list[Row], new: sqlite3.Connection) -> None:
    for row in rows:
        if not row.values or len(row.values) > len(shape.columns):
            continue
        names = ", ".join(f'"{name}"' for name, _, _ in shape.columns[: len(row.values)])
        # A row that breaks a rule of the schema, or is there already, is passed over.
        with suppress(sqlite3.IntegrityError):
            new.execute(
                f'INSERT OR IGNORE INTO "{shape.name}" ({names}) VALUES ({marks(row.values)})',
                shape.full(row),
            )


def _numbers(rows: list[Row], new: sqlite3.Connection) -> None:
    """Numbers that were given once are not given again."""
    for row in rows:
        match row.values:
            case (str(name), int(last)):
                new.execute(
                    "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, name)
                )


def _shapes(new: sqlite3.Connection) -> Iterator[Shape]:
    listed = new.execute(
        "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    ).fetchall()
    for name, without_rows in listed:
        if without_rows or name.startswith(("sqlite_", "_sql")):
            continue
        info = new.execute("SELECT * FROM pragma_table_info(?)", (name,)).fetchall()
        columns = tuple((each[1], each[2].upper(), bool(each[3])) for each in info)
        keys = [each for each in info if each[5]]
        number = keys[0][0] if len(keys) == 1 and keys[0][2].upper() == "INTEGER" else None
        unique = new.execute(
            'SELECT count(*) FROM pragma_index_list(?) WHERE "unique"', (name,)
        ).fetchone()[0]
        if number is not None or unique:
            yield Shape(name, columns, number, bool(unique))


def _fits(value: Value, kind: str, needed: bool) -> bool:
    return not needed if value is None else isinstance(value, _TYPES.get(kind, (object,)))
