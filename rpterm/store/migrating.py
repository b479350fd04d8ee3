"""Apply one room's append-only migrations. Knows no tables but the record of what was applied."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm.store.errors import StoreError

if TYPE_CHECKING:
    from sqlite_utils import Database


def newer(path: Path) -> StoreError:
    """What is said of a file with migrations that this program does not have."""
    return StoreError(
        f"The database {path} was made by a newer rpterm. Update with `pip install --upgrade "
        "rpterm`, or open a backup made before."
    )


def bring_up(
    connection: sqlite3.Connection, name: str, migrations: Sequence[Callable[[Database], None]]
) -> None:
    """Bring the tables of a migration set to the newest schema; the caller owns the transaction.

    An up-to-date file is left without importing sqlite_utils, which takes a fifth of a second.

    Raises:
        StoreError: A newer rpterm has brought them up, maybe while this one had the file open.
    """
    rows = connection.execute(
        "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id", (name,)
    )
    applied, known = [row[0] for row in rows], [migration.__name__ for migration in migrations]
    if applied == known:
        return
    if not set(applied) <= set(known):
        raise newer(Path(connection.execute("PRAGMA database_list").fetchone()[2]))
    apply(connection, name, migrations)


def apply(
    connection: sqlite3.Connection, name: str, migrations: Sequence[Callable[[Database], None]]
) -> None:
    """Apply what is missing of a migration set; the caller owns the transaction."""
    from sqlite_utils import Database, Migrations

    wanted = Migrations(name)
    for migration in migrations:
        wanted(name=migration.__name__)(migration)
    wanted.apply(Database(connection, execute_plugins=False))
