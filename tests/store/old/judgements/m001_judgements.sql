-- The tables of judgements as m001_judgements made them, with one thumb on turn 2 of chat 1.
CREATE TABLE judgement_ids (id INTEGER PRIMARY KEY AUTOINCREMENT);
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
    );
CREATE INDEX ratings_by_chat ON ratings (chat_id);
CREATE INDEX ratings_by_turn ON ratings (turn_id);
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
    );
CREATE INDEX comparisons_by_chat ON comparisons (chat_id);
CREATE INDEX comparisons_by_left ON comparisons (left_id);
CREATE INDEX comparisons_by_right ON comparisons (right_id);
CREATE TABLE withdrawals (
        judgement_id INTEGER PRIMARY KEY,
        chat_id INTEGER NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
        rater TEXT NOT NULL,
        created_at REAL NOT NULL
    );
CREATE INDEX withdrawals_by_chat ON withdrawals (chat_id);
CREATE TABLE consents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        chat_id INTEGER NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
        exportable INTEGER NOT NULL,
        rater TEXT NOT NULL,
        created_at REAL NOT NULL
    );
CREATE INDEX consents_by_chat ON consents (chat_id, id);
CREATE TRIGGER ratings_never_change BEFORE UPDATE ON ratings BEGIN
        SELECT RAISE (ABORT, 'judgements are only ever added');
    END;
CREATE TRIGGER comparisons_never_change BEFORE UPDATE ON comparisons BEGIN
        SELECT RAISE (ABORT, 'judgements are only ever added');
    END;
CREATE TRIGGER withdrawals_never_change BEFORE UPDATE ON withdrawals BEGIN
        SELECT RAISE (ABORT, 'judgements are only ever added');
    END;
CREATE TRIGGER consents_never_change BEFORE UPDATE ON consents BEGIN
        SELECT RAISE (ABORT, 'judgements are only ever added');
    END;
INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('rpterm-judgements', 'm001_judgements', '2026-11-28 00:00:00+00:00');
INSERT INTO judgement_ids (id) VALUES (1);
INSERT INTO ratings (id, chat_id, turn_id, kind, value, rater, created_at) VALUES (1, 1, 2, 'thumb', 1, 'me', 1000.0);
