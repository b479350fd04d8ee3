"""Applies one set of append-only migrations. Knows only the table of applied migrations."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm.store.errors import StoreError

if TYPE_CHECKING:
    from sqlite_utils import Database


def newer_version_error(path: Path) -> StoreError:
    """The error for a file with migrations that this version does not have."""
    return StoreError(
        f"The database {path} was written by a newer rpterm. Update with `pip install --upgrade "
        "rpterm`, or open an older backup."
    )


def upgrade(
    connection: sqlite3.Connection, name: str, migrations: Sequence[Callable[[Database], None]]
) -> None:
    """Migrate the tables of a set to the newest schema; the caller owns the transaction.

    For an up-to-date file, sqlite_utils is not imported, which would take a fifth of a second.

    Raises:
        StoreError: A newer rpterm migrated them, maybe while this one had the file open.
    """
    rows = connection.execute(
        "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id", (name,)
    )
    applied, known = [row[0] for row in rows], [migration.__name__ for migration in migrations]
    if applied == known:
        return
    if not set(applied) <= set(known):
        raise newer_version_error(Path(connection.execute("PRAGMA database_list").fetchone()[2]))
    apply_missing(connection, name, migrations)


def apply_missing(
    connection: sqlite3.Connection, name: str, migrations: Sequence[Callable[[Database], None]]
) -> None:
    """Apply the missing migrations of a set; the caller owns the transaction."""
    from sqlite_utils import Database, Migrations

    migration_set = Migrations(name)
    for migration in migrations:
        migration_set(name=migration.__name__)(migration)
    migration_set.apply(Database(connection, execute_plugins=False))
