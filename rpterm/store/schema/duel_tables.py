"""The tables of duels; see ``migration``."""

from __future__ import annotations

from rpterm.store.schema.migration import TableGroup

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


DUELS = TableGroup("rpterm-duels", {"m001_duels": _TABLES})
