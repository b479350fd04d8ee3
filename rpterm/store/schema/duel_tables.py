"""The tables of duels, as an append-only list of migrations; see ``chat_tables``."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from rpterm.store.schema.migration import upgrade

if TYPE_CHECKING:
    from sqlite_utils import Database

SET = "rpterm-duels"

_TABLES = (
    """
    CREATE TABLE duels (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        chat_id INTEGER NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
        setup_json TEXT NOT NULL,
        created_at REAL NOT NULL
    )
    """,
    "CREATE INDEX duels_by_chat ON duels (chat_id)",
    """
    CREATE TABLE duel_replies (
        duel_id INTEGER NOT NULL REFERENCES duels(id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        side TEXT NOT NULL,
        turn_id INTEGER NOT NULL REFERENCES turns(id) ON DELETE CASCADE,
        PRIMARY KEY (duel_id, place, side)
    )
    """,
    "CREATE INDEX duel_replies_by_turn ON duel_replies (turn_id)",
)


def m001_duels(db: Database) -> None:
    """Duels and the replies that they compare."""
    for statement in _TABLES:
        db.execute(statement)


MIGRATIONS: tuple[Callable[[Database], None], ...] = (m001_duels,)


def prepare(connection: sqlite3.Connection) -> None:
    """Migrate the tables of duels to the newest schema; the caller owns the transaction."""
    upgrade(connection, SET, MIGRATIONS)
