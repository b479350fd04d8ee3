"""The tables of cards, chats and turns, to which all others refer; see ``migration``."""

from __future__ import annotations

from rpterm.store.schema.migration import TableGroup

_TABLES = (
    """
    CREATE TABLE cards (
        hash TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        toml TEXT NOT NULL,
        created_at REAL NOT NULL
    )
    """,
    # AUTOINCREMENT: the ids of deleted chats and turns are never reused. Saved KV caches are keyed
    # by them, and people note them down for a replay.
    """
    CREATE TABLE chats (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL,
        card_name TEXT NOT NULL,
        card_hash TEXT NOT NULL,
        card_path TEXT,
        leaf_id INTEGER REFERENCES turns(id) ON DELETE SET NULL,
        persona_name TEXT NOT NULL,
        persona_description TEXT NOT NULL,
        note_text TEXT NOT NULL,
        note_depth INTEGER NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL
    )
    """,
    # A parent is always older than its child, which rules out cycles. Children are deleted in one
    # statement with their parent, not by cascade: a cascade stops at 1,000 levels, a chat does not.
    # ``shown_child`` is only a hint (the child shown last), so it may point to a missing turn.
    # ``owner`` names the store that is streaming into the turn (see ``process_locks``) or that is
    # generating a reply to it (see ``other_processes``).
    """
    CREATE TABLE turns (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        chat_id INTEGER NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
        parent_id INTEGER REFERENCES turns(id) CHECK (parent_id < id),
        role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
        speaker TEXT NOT NULL,
        text TEXT NOT NULL,
        origin TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'partial', 'failed')),
        created_at REAL NOT NULL,
        edited_from INTEGER REFERENCES turns(id) ON DELETE SET NULL,
        shown_child INTEGER,
        owner TEXT
    )
    """,
    "CREATE INDEX turns_by_parent ON turns (parent_id, chat_id)",
    "CREATE INDEX turns_by_chat ON turns (chat_id)",
    "CREATE INDEX turns_by_edited ON turns (edited_from) WHERE edited_from IS NOT NULL",
    "CREATE INDEX turns_streaming ON turns (owner) WHERE status = 'streaming'",
    "CREATE INDEX chats_by_leaf ON chats (leaf_id)",
    "CREATE INDEX chats_by_update ON chats (updated_at)",
    """
    CREATE TABLE generations (
        turn_id INTEGER PRIMARY KEY REFERENCES turns(id) ON DELETE CASCADE,
        engine TEXT NOT NULL,
        model TEXT NOT NULL,
        model_hash TEXT NOT NULL,
        adapter_hash TEXT NOT NULL,
        template_hash TEXT NOT NULL,
        sampling_json TEXT NOT NULL,
        prompt_ids BLOB NOT NULL,
        prompt_text BLOB NOT NULL,
        reply_ids BLOB NOT NULL,
        batch_seeds_json TEXT NOT NULL,
        batch_index INTEGER NOT NULL,
        kv_mode TEXT NOT NULL,
        stop_json TEXT NOT NULL,
        stop_reason TEXT NOT NULL,
        reused INTEGER NOT NULL,
        evaluated INTEGER NOT NULL,
        generated INTEGER NOT NULL,
        first_token_s REAL NOT NULL,
        decode_s REAL NOT NULL,
        version TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE personas (
        name TEXT PRIMARY KEY,
        description TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE flags (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    )
    """,
)

# Triggers keep the index in step with the table, so no writer can forget it. A turn is indexed
# once its text is final: a streaming reply would be re-indexed four times a second.
_SEARCH = (
    """
    CREATE VIRTUAL TABLE turns_fts USING fts5 (
        text, content = 'turns', content_rowid = 'id', prefix = '1 2 3 4 5',
        tokenize = 'porter unicode61 remove_diacritics 2'
    )
    """,
    """
    CREATE TRIGGER turns_fts_insert AFTER INSERT ON turns WHEN new.status <> 'streaming' BEGIN
        INSERT INTO turns_fts (rowid, text) VALUES (new.id, new.text);
    END
    """,
    """
    CREATE TRIGGER turns_fts_delete AFTER DELETE ON turns WHEN old.status <> 'streaming' BEGIN
        INSERT INTO turns_fts (turns_fts, rowid, text) VALUES ('delete', old.id, old.text);
    END
    """,
    """
    CREATE TRIGGER turns_fts_finish AFTER UPDATE OF text, status ON turns
    WHEN old.status = 'streaming' AND new.status <> 'streaming' BEGIN
        INSERT INTO turns_fts (rowid, text) VALUES (new.id, new.text);
    END
    """,
    """
    CREATE TRIGGER turns_fts_resume AFTER UPDATE OF text, status ON turns
    WHEN old.status <> 'streaming' AND new.status = 'streaming' BEGIN
        INSERT INTO turns_fts (turns_fts, rowid, text) VALUES ('delete', old.id, old.text);
    END
    """,
    """
    CREATE TRIGGER turns_fts_change AFTER UPDATE OF text, status ON turns
    WHEN old.status <> 'streaming' AND new.status <> 'streaming' AND old.text <> new.text BEGIN
        INSERT INTO turns_fts (turns_fts, rowid, text) VALUES ('delete', old.id, old.text);
        INSERT INTO turns_fts (rowid, text) VALUES (new.id, new.text);
    END
    """,
    """
    INSERT INTO turns_fts (rowid, text) SELECT id, text FROM turns WHERE status <> 'streaming'
    """,
)


MIGRATIONS = {
    "m001_chats": _TABLES,
    "m002_search": _SEARCH,
    # The number format of the KV cache a reply was generated with; so far it was always f16.
    "m003_kv_type": ("ALTER TABLE generations ADD COLUMN kv_type TEXT NOT NULL DEFAULT 'f16'",),
    # Turns hidden from the model, turns whose parent was deleted alone, and digests of prompts that
    # were removed with such a parent.
    "m004_hidden": (
        "ALTER TABLE turns ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE turns ADD COLUMN lifted INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE generations ADD COLUMN prompt_digest TEXT NOT NULL DEFAULT ''",
    ),
    # The model's reasoning before a reply.
    "m005_thought": ("ALTER TABLE turns ADD COLUMN thought TEXT NOT NULL DEFAULT ''",),
    # Lore for a single chat: a JSON list of lorebooks.
    "m006_chat_worlds": ("ALTER TABLE chats ADD COLUMN worlds_json TEXT NOT NULL DEFAULT '[]'",),
    # The chat's variables after a turn that changed them, as a JSON object.
    "m007_variables": ("ALTER TABLE turns ADD COLUMN variables TEXT NOT NULL DEFAULT ''",),
}
CHATS = TableGroup("rpterm", MIGRATIONS)
