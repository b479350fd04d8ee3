"""The tables of live scores and example settings; see ``migration``.

Scores are deleted with their turn, and example settings with their chat.
"""

from __future__ import annotations

from rpterm.store.schema.migration import TableGroup

_SCORES = (
    """
    CREATE TABLE scores (
        turn_id INTEGER NOT NULL REFERENCES turns(id) ON DELETE CASCADE,
        version TEXT NOT NULL,
        card_hash TEXT NOT NULL,
        probability REAL NOT NULL CHECK (probability BETWEEN 0 AND 1),
        low REAL NOT NULL,
        high REAL NOT NULL,
        dimensions_json TEXT NOT NULL DEFAULT '{}',
        readings_json TEXT NOT NULL DEFAULT '{}',
        complete INTEGER NOT NULL,
        created_at REAL NOT NULL,
        PRIMARY KEY (turn_id, version, card_hash)
    ) WITHOUT ROWID
    """,
)

_EXAMPLES = (
    """
    CREATE TABLE example_marks (
        chat_id INTEGER NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
        example TEXT NOT NULL,
        mark TEXT NOT NULL CHECK (mark IN ('pinned', 'excluded')),
        PRIMARY KEY (chat_id, example)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE example_sizes (
        chat_id INTEGER PRIMARY KEY REFERENCES chats(id) ON DELETE CASCADE,
        k INTEGER NOT NULL,
        budget INTEGER NOT NULL
    )
    """,
)


SCORES = TableGroup("rpterm-scores", {"m001_scores": _SCORES, "m002_examples": _EXAMPLES})
