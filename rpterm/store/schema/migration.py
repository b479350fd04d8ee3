"""Groups of tables as append-only lists of migrations, and how a group is applied.

Never edit a migration that was released, because files created by it exist. To change the schema,
append a function to the group's ``MIGRATIONS`` and add a dump of the previous schema to
``tests/store``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlite_utils import Database

    Migration = Callable[[Database], None]


class TableGroup(NamedTuple):
    """The tables of one concern.

    Attributes:
        name: The name of its migration set.
        migrations: Oldest first.
    """

    name: str
    migrations: tuple[Migration, ...]

    def apply(self, connection: sqlite3.Connection) -> None:
        """Apply the missing migrations; the caller owns the transaction."""
        from sqlite_utils import Database, Migrations

        migration_set = Migrations(self.name)
        for migration in self.migrations:
            migration_set(name=migration.__name__)(migration)
        migration_set.apply(Database(connection, execute_plugins=False))
