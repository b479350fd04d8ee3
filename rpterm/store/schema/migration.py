"""Groups of tables as append-only lists of migrations, and how a group is applied.

Never edit a migration that was released, because files created by it exist. To change the schema,
append to the group's ``MIGRATIONS`` and add a dump of the previous schema to ``tests/store``.

The record of what was applied has the form that sqlite-utils gives it. Importing that library would
make the very first start wait: it imports pandas where that is installed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

_RECORD = (
    "CREATE TABLE IF NOT EXISTS _sqlite_migrations "
    "(id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT)",
    "CREATE UNIQUE INDEX IF NOT EXISTS idx__sqlite_migrations_migration_set_name "
    "ON _sqlite_migrations (migration_set, name)",
)


class TableGroup(NamedTuple):
    """The tables of one concern.

    Attributes:
        name: The name of its migration set.
        migrations: The SQL statements of each migration by its name, oldest first.
    """

    name: str
    migrations: Mapping[str, Sequence[str]]

    def apply(self, connection: sqlite3.Connection) -> None:
        """Apply the missing migrations; the caller owns the transaction."""
        for statement in _RECORD:
            connection.execute(statement)
        record = "SELECT name FROM _sqlite_migrations WHERE migration_set = ?"
        applied = {name for (name,) in connection.execute(record, (self.name,))}
        for name, statements in self.migrations.items():
            if name in applied:
                continue
            for statement in statements:
                connection.execute(statement)
            connection.execute(
                "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)",
                (self.name, name, str(datetime.now(UTC))),
            )
