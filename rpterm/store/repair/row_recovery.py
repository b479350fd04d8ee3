"""Inserts the rows found on a damaged file's pages into a new database, where SQLite cannot.

The file's own list of tables, or what is left of it, tells which table rows belong to. Otherwise
the rows themselves do: the types, number and constraints of their columns fit only one table. Two
tables that look alike (personas and flags: two texts) cannot be told apart if both that list and
the pointer map are lost, and rows of tables without rowids (scores) are not searched for.
Everything else is recovered.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from rpterm.store.repair.page_parser import Group, Pages, Row, Value
from rpterm.store.row_conversion import qmarks

_TYPES: dict[str, tuple[type, ...]] = {
    "TEXT": (str,),
    "INTEGER": (int,),
    "REAL": (int, float),
    "BLOB": (bytes, str),
}
_SAMPLE_SIZE = 20
"""How many rows of a group are compared with the table layouts."""


@dataclass(frozen=True, slots=True)
class TableLayout:
    """The layout of a table's rows.

    Attributes:
        columns: Name, type, and whether a value is required.
        number: Index of the column that is an alias of the rowid; SQLite stores NULL in it.
        unique: Whether the table has a unique index.
    """

    name: str
    columns: tuple[tuple[str, str, bool], ...]
    number: int | None
    unique: bool

    def fits(self, row: Row) -> bool:
        """Whether a row may belong to this table; rows of an older schema have fewer columns."""
        if len(row.values) > len(self.columns):
            return False
        pairs = zip(row.values, self.columns, strict=False)
        short = len(row.values) < len(self.columns)
        types_match = all(
            value is None if place == self.number else _matches_type(value, kind, needed)
            for place, (value, (_, kind, needed)) in enumerate(pairs)
        )
        return types_match and not (short and len(row.values) < 3)

    def full(self, row: Row) -> list[Value]:
        """The row's values with its rowid filled in."""
        values = list(row.values)
        if self.number is not None:
            values[self.number] = row.number
        return values


def recover_rows(pages: Pages, new: sqlite3.Connection) -> int:
    """Insert every row that the new database does not have yet.

    Returns:
        The number of rows added.
    """
    shapes = {shape.name: shape for shape in _shapes(new)}
    named = dict(_table_roots(pages))
    before = new.total_changes
    for group in pages.groups(named):
        name = named.get(group.root) or _guess(group, shapes)
        if name == "sqlite_sequence":
            _restore_counters(group.rows, new)
        elif name in shapes:
            _insert(shapes[name], group.rows, new)
    return new.total_changes - before


def _table_roots(pages: Pages) -> Iterator[tuple[int, str]]:
    """(root page, table name) pairs from what is left of the list of tables."""
    for row in pages.every_row():
        match row.values:
            case ("table", str(name), str(same), int(root), str()) if name == same and root > 1:
                yield root, name


def _guess(group: Group, shapes: dict[str, TableLayout]) -> str | None:
    """The only table that all rows fit; ``None`` if there are none or several."""
    if group.root == 1:
        return None
    some = group.rows[:_SAMPLE_SIZE]
    found = [shape for shape in shapes.values() if all(shape.fits(row) for row in some)]
    exact = [s for s in found if all(len(row.values) == len(s.columns) for row in some)]
    found = exact or found
    return found[0].name if len(found) == 1 else None


def _insert(shape: TableLayout, rows: list[Row], new: sqlite3.Connection) -> None:
    for row in rows:
        if not row.values or len(row.values) > len(shape.columns):
            continue
        names = ", ".join(f'"{name}"' for name, _, _ in shape.columns[: len(row.values)])
        # Skips a row that violates a constraint of the schema or exists already.
        with suppress(sqlite3.IntegrityError):
            new.execute(
                f'INSERT OR IGNORE INTO "{shape.name}" ({names}) VALUES ({qmarks(row.values)})',
                shape.full(row),
            )


def _restore_counters(rows: list[Row], new: sqlite3.Connection) -> None:
    """Carry over the AUTOINCREMENT counters, so that no id is reused."""
    for row in rows:
        match row.values:
            case (str(name), int(last)):
                new.execute(
                    "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, name)
                )


def _shapes(new: sqlite3.Connection) -> Iterator[TableLayout]:
    listed = new.execute(
        "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    ).fetchall()
    for name, without_rowid in listed:
        if without_rowid or name.startswith(("sqlite_", "_sql")):
            continue
        info = new.execute("SELECT * FROM pragma_table_info(?)", (name,)).fetchall()
        columns = tuple((each[1], each[2].upper(), bool(each[3])) for each in info)
        keys = [each for each in info if each[5]]
        number = keys[0][0] if len(keys) == 1 and keys[0][2].upper() == "INTEGER" else None
        unique = new.execute(
            'SELECT count(*) FROM pragma_index_list(?) WHERE "unique"', (name,)
        ).fetchone()[0]
        if number is not None or unique:
            yield TableLayout(name, columns, number, bool(unique))


def _matches_type(value: Value, kind: str, needed: bool) -> bool:
    return not needed if value is None else isinstance(value, _TYPES.get(kind, (object,)))
