"""The tables of memory; see ``migration``.

Triggers maintain whatever must stay consistent however a row changes (deleted with its turn or
chat, edited, forgotten): the full-text index, removal of unused vectors, the change log that
in-memory indexes follow, and the flag that a scrub is due.
"""

from __future__ import annotations

from rpterm.store.schema.migration import TableGroup

ERASE_MARK = "memory.erase"
"""Flag that is set while text of deleted memories may still be in the file."""

_TABLES = (
    # AUTOINCREMENT: indexes find new rows by "id above the last seen", so no id may be reused.
    """
    CREATE TABLE memories (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (kind IN ('turn', 'fact', 'reflection', 'summary', 'note')),
        character TEXT NOT NULL,
        chat_id INTEGER REFERENCES chats(id) ON DELETE CASCADE,
        turn_id INTEGER REFERENCES turns(id) ON DELETE CASCADE,
        speaker TEXT NOT NULL,
        text TEXT NOT NULL,
        place TEXT NOT NULL DEFAULT '',
        created_at REAL NOT NULL,
        importance REAL NOT NULL DEFAULT 0,
        by_model INTEGER NOT NULL DEFAULT 0,
        shared INTEGER NOT NULL DEFAULT 0,
        pinned INTEGER NOT NULL DEFAULT 0,
        hidden INTEGER NOT NULL DEFAULT 0,
        superseded_by INTEGER REFERENCES memories(id) ON DELETE SET NULL,
        hash BLOB NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX memories_one_a_turn ON memories (turn_id) WHERE kind = 'turn'",
    "CREATE INDEX memories_by_turn ON memories (turn_id) WHERE turn_id IS NOT NULL",
    "CREATE INDEX memories_by_chat ON memories (chat_id)",
    "CREATE INDEX memories_by_character ON memories (character, id)",
    "CREATE INDEX memories_by_hash ON memories (hash)",
    "CREATE INDEX memories_by_successor ON memories (superseded_by) "
    "WHERE superseded_by IS NOT NULL",
    # Turns whose memory the user deleted: they are not remembered again.
    """
    CREATE TABLE memory_skips (
        turn_id INTEGER PRIMARY KEY REFERENCES turns(id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE memory_vectors (
        hash BLOB NOT NULL,
        model TEXT NOT NULL,
        vector BLOB NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX memory_vectors_key ON memory_vectors (hash, model)",
    # The change log for in-memory indexes: changed and deleted memories and, as negative numbers,
    # chats whose shown branch or hidden turns changed.
    "CREATE TABLE memory_log (seq INTEGER PRIMARY KEY AUTOINCREMENT, memory_id INTEGER NOT NULL)",
    """
    CREATE VIRTUAL TABLE memory_fts USING fts5 (
        speaker, text, content = 'memories', content_rowid = 'id',
        tokenize = 'porter unicode61 remove_diacritics 2'
    )
    """,
)

_DROP_VECTOR = (
    "DELETE FROM memory_vectors WHERE hash = old.hash "
    "AND NOT EXISTS (SELECT 1 FROM memories WHERE hash = old.hash);"
)
_FTS_DROP = (
    "INSERT INTO memory_fts (memory_fts, rowid, speaker, text) "
    "VALUES ('delete', old.id, old.speaker, old.text);"
)
_FTS_ADD = "INSERT INTO memory_fts (rowid, speaker, text) VALUES (new.id, new.speaker, new.text);"
_SET_ERASE_FLAG = f"INSERT OR REPLACE INTO flags (key, value) VALUES ('{ERASE_MARK}', '1');"

_TRIGGERS = (
    f"CREATE TRIGGER memories_insert AFTER INSERT ON memories BEGIN {_FTS_ADD} END",
    f"""
    CREATE TRIGGER memories_delete AFTER DELETE ON memories BEGIN
        {_FTS_DROP}
        {_DROP_VECTOR}
        INSERT INTO memory_log (memory_id) VALUES (old.id);
        {_SET_ERASE_FLAG}
    END
    """,
    f"""
    CREATE TRIGGER memories_text AFTER UPDATE OF text, speaker ON memories
    WHEN old.text <> new.text OR old.speaker <> new.speaker BEGIN
        {_FTS_DROP}
        {_FTS_ADD}
        {_DROP_VECTOR}
        {_SET_ERASE_FLAG}
    END
    """,
    """
    CREATE TRIGGER memories_leaf AFTER UPDATE OF leaf_id ON chats
    WHEN old.leaf_id IS NOT new.leaf_id BEGIN
        INSERT INTO memory_log (memory_id) VALUES (-new.id);
    END
    """,
    """
    CREATE TRIGGER memories_update AFTER UPDATE ON memories BEGIN
        INSERT INTO memory_log (memory_id) VALUES (new.id);
    END
    """,
)


_FILE_TABLES = (
    # A file in a character's data bank; its pieces are memories and are deleted with it.
    """
    CREATE TABLE memory_files (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        character TEXT NOT NULL,
        name TEXT NOT NULL,
        path TEXT NOT NULL,
        digest TEXT NOT NULL,
        added_at REAL NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX memory_files_key ON memory_files (character, path)",
    # Memories that contain such a phrase are not recalled.
    """
    CREATE TABLE memory_blocks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        character TEXT NOT NULL,
        phrase TEXT NOT NULL,
        created_at REAL NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX memory_blocks_key ON memory_blocks (character, phrase)",
)

# SQLite cannot change a CHECK in place: the rows move to a new table, which is then renamed.
_WIDER_TABLE = """
    CREATE TABLE memories_wider (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL
            CHECK (kind IN ('turn', 'fact', 'reflection', 'summary', 'note', 'document')),
        character TEXT NOT NULL,
        chat_id INTEGER REFERENCES chats(id) ON DELETE CASCADE,
        turn_id INTEGER REFERENCES turns(id) ON DELETE CASCADE,
        speaker TEXT NOT NULL,
        text TEXT NOT NULL,
        place TEXT NOT NULL DEFAULT '',
        created_at REAL NOT NULL,
        importance REAL NOT NULL DEFAULT 0,
        by_model INTEGER NOT NULL DEFAULT 0,
        shared INTEGER NOT NULL DEFAULT 0,
        pinned INTEGER NOT NULL DEFAULT 0,
        hidden INTEGER NOT NULL DEFAULT 0,
        superseded_by INTEGER REFERENCES memories_wider(id) ON DELETE SET NULL,
        hash BLOB NOT NULL,
        file_id INTEGER REFERENCES memory_files(id) ON DELETE CASCADE
    )
    """
_COPIED_COLUMNS = (
    "id, kind, character, chat_id, turn_id, speaker, text, place, created_at, importance, "
    "by_model, shared, pinned, hidden, superseded_by, hash"
)


def _is_on_memories(statement: str) -> bool:
    return " ON memories " in " ".join(statement.split())


_WIDEN_TABLE = (
    _WIDER_TABLE,
    # No trigger may fire while the rows move: they are neither deleted nor added.
    *(f"DROP TRIGGER memories_{name}" for name in ("insert", "delete", "text", "update")),
    f"INSERT INTO memories_wider ({_COPIED_COLUMNS}) "
    f"SELECT {_COPIED_COLUMNS} FROM memories ORDER BY id",
    # No id may be reused, not even that of a deleted memory.
    "INSERT INTO sqlite_sequence (name, seq) SELECT 'memories_wider', 0 WHERE NOT EXISTS "
    "(SELECT 1 FROM sqlite_sequence WHERE name = 'memories_wider')",
    "UPDATE sqlite_sequence SET seq = coalesce((SELECT seq FROM sqlite_sequence "
    "WHERE name = 'memories'), 0) WHERE name = 'memories_wider'",
    "DROP TABLE memories",
    "ALTER TABLE memories_wider RENAME TO memories",
    # They were dropped with the old table.
    *filter(_is_on_memories, (*_TABLES, *_TRIGGERS)),
    "CREATE INDEX memories_by_file ON memories (file_id) WHERE file_id IS NOT NULL",
)
_SET_UNIQUE_ERASE_FLAG = _SET_ERASE_FLAG.replace("'1'", "hex(randomblob(8))")

MIGRATIONS = {
    "m001_memories": (*_TABLES, *_TRIGGERS),
    # Files in a data bank, their pieces as memories, and phrases never to mention.
    "m002_documents": (*_FILE_TABLES, *_WIDEN_TABLE),
    # Each character of a group chat has its own memory of a turn.
    "m003_hearers": (
        "DROP INDEX memories_one_a_turn",
        "CREATE UNIQUE INDEX memories_one_a_hearer ON memories (turn_id, character) "
        "WHERE kind = 'turn'",
    ),
    # Indexes for the queries of memory lists.
    "m004_lists": (
        "CREATE INDEX memories_by_kind ON memories (character, kind)",
        "CREATE INDEX memories_hidden ON memories (character, id) WHERE hidden",
    ),
    # Each deletion sets the scrub flag to a new value: an earlier scrub clears only its own.
    "m005_marks": (
        "DROP TRIGGER memories_delete",
        "DROP TRIGGER memories_text",
        *(
            statement.replace(_SET_ERASE_FLAG, _SET_UNIQUE_ERASE_FLAG)
            for statement in _TRIGGERS
            if _SET_ERASE_FLAG in statement
        ),
    ),
    # In-memory indexes notice when a turn is hidden from the model or shown again.
    "m006_hidden": (
        """
        CREATE TRIGGER memories_turn_hidden AFTER UPDATE OF hidden ON turns
        WHEN old.hidden <> new.hidden BEGIN
            INSERT INTO memory_log (memory_id) VALUES (-new.chat_id);
        END
        """,
    ),
}
MEMORY = TableGroup("rpterm-memory", MIGRATIONS)
