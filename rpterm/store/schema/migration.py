"""Applies sets of append-only migrations. Knows only the table of applied migrations."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm.store.errors import StoreError

if TYPE_CHECKING:
    from sqlite_utils import Database

    Migration = Callable[[Database], None]


def newer_version_error(path: Path) -> StoreError:
    """The error for a file with migrations that this version does not have."""
    return StoreError(
        f"The database {path} was written by a newer rpterm. Update with `pip install --upgrade "
        "rpterm`, or open an older backup."
    )


@dataclass(frozen=True, slots=True)
class TableGroup:
    """An optional group of tables, created when its feature is first used.

    Attributes:
        name: The name of its migration set.
        table: A table that exists if and only if the group does.
        needs: The group whose tables it refers to.
    """

    name: str
    table: str
    migrations: Sequence[Migration]
    needs: TableGroup | None = None

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Migrate the tables to the newest schema; the caller owns the transaction.

        For an up-to-date file, sqlite_utils is not imported, which would take a fifth of a second.

        Raises:
            StoreError: A newer rpterm migrated them, maybe while this one had the file open.
        """
        if self.needs is not None:
            self.needs.prepare(connection)
        rows = connection.execute(
            "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id", (self.name,)
        )
        applied, known = [row[0] for row in rows], [each.__name__ for each in self.migrations]
        if applied == known:
            return
        if not set(applied) <= set(known):
            file = connection.execute("PRAGMA database_list").fetchone()[2]
            raise newer_version_error(Path(file))
        apply_missing(connection, self.name, self.migrations)


def apply_missing(
    connection: sqlite3.Connection, name: str, migrations: Sequence[Migration]
) -> None:
    """Apply the missing migrations of a set; the caller owns the transaction."""
    from sqlite_utils import Database, Migrations

    migration_set = Migrations(name)
    for migration in migrations:
        migration_set(name=migration.__name__)(migration)
    migration_set.apply(Database(connection, execute_plugins=False))
