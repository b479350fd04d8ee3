BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'rpterm','m001_chats','2026-01-01 00:00:00+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'rpterm','m002_search','2026-11-28 12:11:19.602451+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'rpterm','m003_kv_type','2026-11-29 12:11:19.602451+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'rpterm','m004_hidden','2026-11-30 05:50:00.000000+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'rpterm','m005_thought','2026-11-30 06:00:00.000000+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'rpterm','m006_chat_worlds','2026-11-30 06:00:00.000000+00:00');
CREATE TABLE cards (
        hash TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        toml TEXT NOT NULL,
        created_at REAL NOT NULL
    );
INSERT INTO "cards" VALUES('h','Keeper','name = "Keeper"',1.0);
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
    );
INSERT INTO "chats" VALUES(1,'Fog','Keeper','h',NULL,3,'User','','',0,1.0,3.0);
CREATE TABLE flags (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    );
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
        version TEXT NOT NULL,
        kv_type TEXT NOT NULL DEFAULT 'f16'
    );
CREATE TABLE personas (
        name TEXT PRIMARY KEY,
        description TEXT NOT NULL
    );
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
    );
INSERT INTO "turns" VALUES(1,1,NULL,'assistant','Keeper','The fog lifts.','greeting','complete',1.0,NULL,NULL,NULL);
INSERT INTO "turns" VALUES(2,1,1,'user','User','Who is there?','typed','complete',1.0,NULL,NULL,NULL);
INSERT INTO "turns" VALUES(3,1,2,'assistant','Keeper','Only the lighthouse','generated','streaming',1.0,NULL,NULL,NULL);
CREATE VIRTUAL TABLE turns_fts USING fts5 (
        text, content = 'turns', content_rowid = 'id', prefix = '1 2 3 4 5',
        tokenize = 'porter unicode61 remove_diacritics 2'
    );
INSERT INTO turns_fts (rowid, text) SELECT id, text FROM turns WHERE status <> 'streaming';
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX turns_by_parent ON turns (parent_id, chat_id);
CREATE INDEX turns_by_chat ON turns (chat_id);
CREATE INDEX turns_by_edited ON turns (edited_from) WHERE edited_from IS NOT NULL;
CREATE INDEX turns_streaming ON turns (owner) WHERE status = 'streaming';
CREATE INDEX chats_by_leaf ON chats (leaf_id);
CREATE INDEX chats_by_update ON chats (updated_at);
CREATE TRIGGER turns_fts_insert AFTER INSERT ON turns WHEN new.status <> 'streaming' BEGIN
        INSERT INTO turns_fts (rowid, text) VALUES (new.id, new.text);
    END;
CREATE TRIGGER turns_fts_delete AFTER DELETE ON turns WHEN old.status <> 'streaming' BEGIN
        INSERT INTO turns_fts (turns_fts, rowid, text) VALUES ('delete', old.id, old.text);
    END;
CREATE TRIGGER turns_fts_finish AFTER UPDATE OF text, status ON turns
    WHEN old.status = 'streaming' AND new.status <> 'streaming' BEGIN
        INSERT INTO turns_fts (rowid, text) VALUES (new.id, new.text);
    END;
CREATE TRIGGER turns_fts_resume AFTER UPDATE OF text, status ON turns
    WHEN old.status <> 'streaming' AND new.status = 'streaming' BEGIN
        INSERT INTO turns_fts (turns_fts, rowid, text) VALUES ('delete', old.id, old.text);
    END;
CREATE TRIGGER turns_fts_change AFTER UPDATE OF text, status ON turns
    WHEN old.status <> 'streaming' AND new.status <> 'streaming' AND old.text <> new.text BEGIN
        INSERT INTO turns_fts (turns_fts, rowid, text) VALUES ('delete', old.id, old.text);
        INSERT INTO turns_fts (rowid, text) VALUES (new.id, new.text);
    END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('chats',1);
INSERT INTO "sqlite_sequence" VALUES('turns',3);
ALTER TABLE turns ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN lifted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE generations ADD COLUMN prompt_digest TEXT NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN thought TEXT NOT NULL DEFAULT '';
ALTER TABLE chats ADD COLUMN worlds_json TEXT NOT NULL DEFAULT '[]';
COMMIT;
PRAGMA application_id = 1380996180;
PRAGMA user_version = 0;
