"""The tables of judgements; see ``migration``.

Judgements are only added: a withdrawal is a row of its own. They are deleted only with their turn
or chat.
"""

from __future__ import annotations

from rpterm.store.schema.migration import TableGroup

# Ratings and comparisons share one id sequence, so that "the last judgement" is well defined. This
# table holds only the last id.
_TABLES = (
    "CREATE TABLE judgement_ids (id INTEGER PRIMARY KEY AUTOINCREMENT)",
    """
    CREATE TABLE ratings (
        id INTEGER PRIMARY KEY,
        chat_id INTEGER NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
        turn_id INTEGER NOT NULL REFERENCES turns(id) ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (kind IN ('thumb', 'stars', 'flag')),
        value INTEGER NOT NULL,
        dimensions_json TEXT NOT NULL DEFAULT '{}',
        span_start INTEGER,
        span_end INTEGER,
        reason TEXT NOT NULL DEFAULT '',
        rater TEXT NOT NULL,
        created_at REAL NOT NULL,
        seconds REAL,
        position TEXT NOT NULL DEFAULT '',
        method TEXT NOT NULL DEFAULT '',
        score REAL
    )
    """,
    "CREATE INDEX ratings_by_chat ON ratings (chat_id)",
    "CREATE INDEX ratings_by_turn ON ratings (turn_id)",
    """
    CREATE TABLE comparisons (
        id INTEGER PRIMARY KEY,
        chat_id INTEGER NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
        left_id INTEGER NOT NULL REFERENCES turns(id) ON DELETE CASCADE,
        right_id INTEGER NOT NULL REFERENCES turns(id) ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (kind IN ('duel', 'edit', 'swipe')),
        verdict TEXT NOT NULL CHECK (verdict IN ('left', 'right', 'tie', 'both_bad')),
        dimensions_json TEXT NOT NULL DEFAULT '{}',
        reason TEXT NOT NULL DEFAULT '',
        asked_again INTEGER,
        rater TEXT NOT NULL,
        created_at REAL NOT NULL,
        seconds REAL,
        position TEXT NOT NULL DEFAULT '',
        method TEXT NOT NULL DEFAULT '',
        CHECK (left_id <> right_id)
    )
    """,
    "CREATE INDEX comparisons_by_chat ON comparisons (chat_id)",
    "CREATE INDEX comparisons_by_left ON comparisons (left_id)",
    "CREATE INDEX comparisons_by_right ON comparisons (right_id)",
    """
    CREATE TABLE withdrawals (
        judgement_id INTEGER PRIMARY KEY,
        chat_id INTEGER NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
        rater TEXT NOT NULL,
        created_at REAL NOT NULL
    )
    """,
    "CREATE INDEX withdrawals_by_chat ON withdrawals (chat_id)",
    """
    CREATE TABLE consents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        chat_id INTEGER NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
        exportable INTEGER NOT NULL,
        rater TEXT NOT NULL,
        created_at REAL NOT NULL
    )
    """,
    "CREATE INDEX consents_by_chat ON consents (chat_id, id)",
)

_APPEND_ONLY = ("ratings", "comparisons", "withdrawals", "consents")

_TRIGGERS = tuple(
    f"""
    CREATE TRIGGER {table}_never_change BEFORE UPDATE ON {table} BEGIN
        SELECT RAISE (ABORT, 'judgements are only ever added');
    END
    """
    for table in _APPEND_ONLY
)


MIGRATIONS = {
    "m001_judgements": (*_TABLES, *_TRIGGERS),
    # Replies that the score selected among several; not a judgement, and can be removed.
    "m002_kept_by_score": (
        "CREATE TABLE kept_by_score (turn_id INTEGER PRIMARY KEY "
        "REFERENCES turns(id) ON DELETE CASCADE)",
    ),
}
JUDGEMENTS = TableGroup("rpterm-judgements", MIGRATIONS)
