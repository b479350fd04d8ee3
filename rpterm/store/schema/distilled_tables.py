"""The tables behind facts, reflections and summaries; see ``migration``.

What was derived from turns is stored as memories; these tables hold the sources it is based on.
Deleting a source deletes what is based on it: a fact is deleted with the memory of its turn, a
reflection or a summary with any memory or turn that it cites, because it may repeat its words.
"""

from __future__ import annotations

from rpterm.store.schema.migration import TableGroup

_TABLES = (
    """
    CREATE TABLE distilled (
        memory_id INTEGER PRIMARY KEY REFERENCES memories(id) ON DELETE CASCADE,
        method TEXT NOT NULL,
        subject TEXT NOT NULL DEFAULT '',
        slot TEXT NOT NULL DEFAULT '',
        value TEXT NOT NULL DEFAULT '',
        single INTEGER NOT NULL DEFAULT 0,
        retracts INTEGER NOT NULL DEFAULT 0,
        quote TEXT NOT NULL DEFAULT '',
        edited INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX distilled_by_slot ON distilled (subject, slot)",
    """
    CREATE TABLE distilled_turns (
        memory_id INTEGER NOT NULL REFERENCES memories(id) ON DELETE CASCADE,
        turn_id INTEGER NOT NULL REFERENCES turns(id) ON DELETE CASCADE,
        PRIMARY KEY (memory_id, turn_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX distilled_turns_by_turn ON distilled_turns (turn_id)",
    """
    CREATE TABLE distilled_evidence (
        memory_id INTEGER NOT NULL REFERENCES memories(id) ON DELETE CASCADE,
        evidence_id INTEGER NOT NULL REFERENCES memories(id) ON DELETE CASCADE,
        PRIMARY KEY (memory_id, evidence_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX distilled_evidence_by_evidence ON distilled_evidence (evidence_id)",
    # Whether an old fact is still valid depends on the branch shown, so there is a link to every
    # newer one, not only to the newest.
    """
    CREATE TABLE distilled_links (
        old_id INTEGER NOT NULL REFERENCES memories(id) ON DELETE CASCADE,
        new_id INTEGER NOT NULL REFERENCES memories(id) ON DELETE CASCADE,
        PRIMARY KEY (old_id, new_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX distilled_links_by_new ON distilled_links (new_id)",
    # Turns that were read, so that what the user deletes is not derived again.
    """
    CREATE TABLE distilled_reads (
        turn_id INTEGER NOT NULL REFERENCES turns(id) ON DELETE CASCADE,
        job TEXT NOT NULL,
        PRIMARY KEY (turn_id, job)
    ) WITHOUT ROWID
    """,
)

# BEFORE, because the rows that link to a memory are deleted with the memory itself.
_TRIGGERS = (
    """
    CREATE TRIGGER distilled_evidence_gone BEFORE DELETE ON memories BEGIN
        DELETE FROM memories WHERE id <> old.id
        AND id IN (SELECT memory_id FROM distilled_evidence WHERE evidence_id = old.id);
    END
    """,
    # An older memory that several newer ones replace is still replaced by the others.
    """
    CREATE TRIGGER distilled_newer_gone BEFORE DELETE ON memories BEGIN
        UPDATE memories SET superseded_by = (SELECT max(new_id) FROM distilled_links
        WHERE old_id = memories.id AND new_id <> old.id)
        WHERE superseded_by = old.id
        AND id IN (SELECT old_id FROM distilled_links WHERE new_id = old.id);
    END
    """,
    """
    CREATE TRIGGER distilled_turn_gone BEFORE DELETE ON memories
    WHEN old.kind = 'turn' AND old.turn_id IS NOT NULL BEGIN
        DELETE FROM memories WHERE kind IN ('fact', 'reflection', 'summary')
        AND id IN (SELECT memory_id FROM distilled_turns WHERE turn_id = old.turn_id);
    END
    """,
)


DISTILLED = TableGroup("rpterm-distil", {"m001_distilled": (*_TABLES, *_TRIGGERS)})
