"""The tables of casts; see ``migration``. A cast is deleted with its chat."""

from __future__ import annotations

from rpterm.store.schema.migration import TableGroup

TABLE = "cast_members"

_TABLES = (
    """
    CREATE TABLE scenes (
        chat_id INTEGER PRIMARY KEY REFERENCES chats(id) ON DELETE CASCADE,
        taking TEXT NOT NULL,
        held TEXT NOT NULL DEFAULT ''
    )
    """,
    # The chat's own character is position 0; its card version and file are those in the chat's row.
    f"""
    CREATE TABLE {TABLE} (
        chat_id INTEGER NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        card_name TEXT NOT NULL,
        speaker TEXT NOT NULL,
        card_hash TEXT NOT NULL,
        card_path TEXT,
        narrator INTEGER NOT NULL DEFAULT 0,
        muted INTEGER NOT NULL DEFAULT 0,
        present INTEGER NOT NULL DEFAULT 1,
        PRIMARY KEY (chat_id, position)
    )
    """,
    f"CREATE UNIQUE INDEX cast_by_name ON {TABLE} (chat_id, card_name)",
    f"CREATE INDEX cast_by_card ON {TABLE} (card_name)",
    # The characters who hear the turns of a chat, and therefore remember them.
    f"""
    CREATE VIEW hearers (chat_id, card_name) AS
        SELECT id, card_name FROM chats
        UNION
        SELECT chat_id, card_name FROM {TABLE} WHERE present AND NOT narrator
    """,
)


CAST = TableGroup("rpterm-cast", {"m001_cast": _TABLES})
