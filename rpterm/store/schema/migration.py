"""Groups of tables as append-only lists of migrations, and how a group is applied.

Never edit a migration that was released, because files created by it exist. To change the schema,
append to the group's ``MIGRATIONS`` and add a dump of the previous schema to ``tests/store``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple


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
        from sqlite_utils import Database, Migrations

        migration_set = Migrations(self.name)
        for name, statements in self.migrations.items():

            def migrate(db: Database, statements: Sequence[str] = statements) -> None:
                for statement in statements:
                    db.execute(statement)

            migration_set(name=name)(migrate)
        migration_set.apply(Database(connection, execute_plugins=False))
