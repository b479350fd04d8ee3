"""All tables of a database file: creates them, and migrates those of an older rpterm.

``sqlite_utils`` is imported only when a file needs migrating, that is once when it is created and
after an update. The applied migrations are read with plain SQL, so that opening a chat does not
pay for that import.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from pathlib import Path

from rpterm.store.errors import StoreError
from rpterm.store.schema.cast_tables import CAST
from rpterm.store.schema.chat_tables import CHATS
from rpterm.store.schema.distilled_tables import DISTILLED
from rpterm.store.schema.duel_tables import DUELS
from rpterm.store.schema.judgement_tables import JUDGEMENTS
from rpterm.store.schema.memory_tables import MEMORY
from rpterm.store.schema.migration import TableGroup
from rpterm.store.schema.score_tables import SCORES

APPLICATION_ID = 0x52505454
"""Written into the file's header, so that `file` and rpterm recognise rpterm's databases."""

TABLE_GROUPS = (CHATS, CAST, MEMORY, JUDGEMENTS, DUELS, SCORES, DISTILLED)
"""Each after those that its tables refer to."""


def prepare(
    connection: sqlite3.Connection, path: Path, groups: Collection[TableGroup] = TABLE_GROUPS
) -> None:
    """Create the tables of a file, or migrate them to the newest schema.

    Raises:
        StoreError: The file belongs to another program or to a newer rpterm.
        sqlite3.Error: The file cannot be read or written.
    """
    if _is_current(connection, path, groups):
        return
    if not _table_names(connection):
        # This takes effect only before the first table is created.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have migrated the file while this one waited for the lock.
        if not _is_current(connection, path, groups):
            for group in groups:
                group.apply(connection)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def reject_newer(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file with migrations that this version does not have, in known or unknown sets.

    Raises:
        StoreError: There is such a migration.
        sqlite3.Error: The record of migrations cannot be read.
    """
    # A damaged record may hold any name: only names that look like ours count as newer.
    rows = connection.execute(
        "SELECT migration_set, name FROM _sqlite_migrations "
        "WHERE migration_set GLOB 'rpterm*' AND name GLOB 'm[0-9][0-9][0-9]_*'"
    )
    if not _migrations(TABLE_GROUPS).issuperset(rows):
        raise StoreError(
            f"The database {path} was written by a newer rpterm. Update with `pip install "
            "--upgrade rpterm`, or open an older backup."
        )


def _migrations(groups: Collection[TableGroup]) -> set[tuple[str, str]]:
    return {(group.name, name) for group in groups for name in group.migrations}


def _table_names(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows}


def _is_current(connection: sqlite3.Connection, path: Path, groups: Collection[TableGroup]) -> bool:
    """Whether all migrations have been applied to the file."""
    tables = _table_names(connection)
    if not tables:
        return False
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID or "_sqlite_migrations" not in tables:
        raise StoreError(
            f"{path} is a database of another program. Move it away, or set RPTERM_HOME to "
            "another folder for rpterm's data."
        )
    reject_newer(connection, path)
    applied = connection.execute("SELECT migration_set, name FROM _sqlite_migrations")
    return _migrations(groups) <= set(applied)
