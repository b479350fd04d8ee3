"""Stores what was derived from turns: facts, reflections, summaries, and their sources.

The texts themselves are memories (see ``memories``). This module adds their source turns, the
memories they cite, the slot that a fact fills, and which older memories they replace. ``add``
stores all results of one job together with the marks that its turns were read (``read_turns``),
or nothing. It knows neither extraction rules nor models.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rpterm.store.memory import read_turns
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.records import Memory, wording_hash
from rpterm.store.row_conversion import qmarks, storable

Method = Literal["rules", "model"]
_NEWER = "SELECT old_id, new_id FROM distilled_links WHERE old_id IN ({}) ORDER BY new_id"
_RELATIONS = (
    "SELECT memory_id, turn_id FROM distilled_turns WHERE memory_id IN ({}) ORDER BY turn_id",
    "SELECT memory_id, evidence_id FROM distilled_evidence WHERE memory_id IN ({}) "
    "ORDER BY evidence_id",
    "SELECT new_id, old_id FROM distilled_links WHERE new_id IN ({}) ORDER BY old_id",
    _NEWER,
)
"""SQL: what a memory is related to, in the order of the last fields of ``Detail``."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A derived memory to store.

    Attributes:
        turns: The source turns; the last one gives its date.
        evidence: The memories it cites.
        method: What found it: rules, which keep the user's words, or the chat model.
        takes_over: Older memories that it replaces.
        yields_to: Newer memories that replace it.
    """

    kind: Literal["fact", "reflection", "summary"]
    text: str
    turns: tuple[int, ...]
    method: Method
    importance: float = 0.5
    subject: str = ""
    slot: str = ""
    value: str = ""
    single: bool = False
    retracts: bool = False
    quote: str = ""
    evidence: tuple[int, ...] = ()
    takes_over: tuple[int, ...] = ()
    yields_to: tuple[int, ...] = ()
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Detail:
    """What is known of a derived memory beyond its text.

    Attributes:
        quote: The words it was derived from.
        edited: Whether the user changed its text since.
        turns: Its source turns, oldest first.
        evidence: The memories it cites.
        older: Memories that it replaces, oldest first.
        newer: Memories that replace it on the branches where they are shown, oldest first.
    """

    method: Method
    subject: str
    slot: str
    value: str
    single: bool
    retracts: bool
    quote: str
    edited: bool
    turns: tuple[int, ...] = ()
    evidence: tuple[int, ...] = ()
    older: tuple[int, ...] = ()
    newer: tuple[int, ...] = ()


class Distilled:
    """The derived memories in one store."""

    def __init__(self, memories: Memories) -> None:
        self._memories = memories
        self._connections = memories.store.connections
        self.reads = read_turns.ReadTurns(self._connections)

    def add(
        self, character: str, chat_id: int, drafts: Sequence[Draft], read: Collection[int], job: str
    ) -> list[Memory]:
        """Store drafts and mark the turns as read for a job, in one transaction.

        A draft is skipped if a source turn or cited memory was deleted in the meantime. Nothing is
        stored if another process has read all these turns.
        """
        ids: list[int] = []
        with self._connections.write() as connection:
            reads = [{"turn": turn, "character": character, "job": job} for turn in read]
            if reads and all(read_turns.is_read(connection, each) for each in reads):
                return []
            for draft in drafts:
                if _has_sources(connection, draft):
                    ids.append(_insert_memory(connection, character, chat_id, draft))
            read_turns.mark_read(connection, reads)
        found = self._memories.get_many(ids)
        return [found[memory_id] for memory_id in ids if memory_id in found]

    def facts_in_slot(self, character: str, subject: str, slot: str) -> list[tuple[Memory, Detail]]:
        """The facts that fill a slot, of all branches, oldest first."""
        rows = self._connections.rows(
            "SELECT d.memory_id FROM distilled d JOIN memories m ON m.id = d.memory_id "
            "WHERE d.subject = ? AND d.slot = ? AND (m.character = ? OR m.shared) "
            "AND NOT m.hidden ORDER BY m.id",
            (subject, slot, character),
        )
        ids = [memory_id for (memory_id,) in rows]
        memories, details = self._memories.get_many(ids), self.details(ids)
        return [(memories[i], details[i]) for i in ids if i in memories and i in details]

    def user_facts(self, character: str, slots: Sequence[str]) -> dict[int, str]:
        """The facts from the user's words that fill such slots, newest first, with their slots.

        Args:
            slots: Patterns of SQL's LIKE, for the slot or for ``SLOT:VALUE``.
        """
        if not slots:
            return {}
        patterns = [slot if ":" in slot else f"{slot}:%" for slot in slots]
        like = " OR ".join(["d.slot || ':' || d.value LIKE ?"] * len(slots))
        rows = self._connections.rows(
            "SELECT d.memory_id, d.slot FROM distilled d JOIN memories m ON m.id = d.memory_id "
            "LEFT JOIN turns t ON t.id = m.turn_id "
            "WHERE m.kind = 'fact' AND (m.character = ? OR m.shared) AND NOT m.hidden "
            f"AND (m.turn_id IS NULL OR t.role = 'user') AND ({like}) "
            "ORDER BY m.created_at DESC, m.id DESC",
            (character, *patterns),
        )
        return dict(rows)

    def names_told(self) -> list[str]:
        """The names by which users said they are called, in any chat."""
        rows = self._connections.rows(
            "SELECT DISTINCT d.value FROM distilled d JOIN memories m ON m.id = d.memory_id "
            "WHERE d.slot = 'name' AND d.value <> ''"
        )
        return [name for (name,) in rows]

    def details(self, memory_ids: Collection[int]) -> dict[int, Detail]:
        """The details of the derived ones among these memories, by id."""
        rows = self._connections.rows_among(
            "SELECT memory_id, method, subject, slot, value, single, retracts, quote, edited "
            "FROM distilled WHERE memory_id IN ({})",
            memory_ids,
        )
        if not rows:
            return {}
        found = [row[0] for row in rows]
        related = [self._grouped(query, found) for query in _RELATIONS]
        return {row[0]: _to_detail(row, related) for row in rows}

    def newer(self, memory_ids: Collection[int]) -> dict[int, list[int]]:
        """The memories that replace each of these, on the branches where they are shown."""
        return self._grouped(_NEWER, memory_ids)

    def with_hidden_source(self, memory_ids: Collection[int]) -> set[int]:
        """Those of these memories with a source turn that is hidden from the model."""
        hidden = "SELECT 1 FROM turns t WHERE t.hidden AND t.id"
        drawn = "(SELECT s.turn_id FROM distilled_turns s WHERE s.memory_id = m.id)"
        rows = self._connections.rows_among(
            "SELECT m.id FROM memories m WHERE m.id IN ({}) "
            f"AND (EXISTS ({hidden} = m.turn_id) OR EXISTS ({hidden} IN {drawn}))",
            memory_ids,
        )
        return {memory_id for (memory_id,) in rows}

    def facts_from_turns(self, turn_ids: Collection[int]) -> dict[int, list[int]]:
        """The facts derived from each of these turns."""
        return self._grouped(
            "SELECT s.turn_id, s.memory_id FROM distilled_turns s JOIN memories m "
            "ON m.id = s.memory_id WHERE m.kind = 'fact' AND s.turn_id IN ({})",
            turn_ids,
        )

    def _grouped(self, query: str, ids: Collection[int]) -> dict[int, list[int]]:
        """The (key, value) rows of a query, grouped by key; ``{}`` in it stands for the ids."""
        found: dict[int, list[int]] = {}
        for key, value in self._connections.rows_among(query, ids):
            found.setdefault(key, []).append(value)
        return found

    def restore(self, memory_id: int, draft: Draft, *, edited: bool = False) -> None:
        """Add the details of an imported memory."""
        with self._connections.write() as connection:
            _insert_details(connection, memory_id, draft)
        if edited:
            self.mark_edited(memory_id)

    def unlink(self, old_id: int, new_id: int) -> None:
        """Remove the record that a memory replaces another, which is then valid again."""
        with self._connections.write() as connection:
            connection.execute(
                "DELETE FROM distilled_links WHERE old_id = ? AND new_id = ?", (old_id, new_id)
            )
            connection.execute(
                "UPDATE memories SET superseded_by = (SELECT max(new_id) FROM distilled_links "
                "WHERE old_id = ?) WHERE id = ?",
                (old_id, old_id),
            )

    def mark_edited(self, memory_id: int) -> None:
        """Record that the user changed its text: it no longer fills the old text's slot."""
        self._connections.run(
            "UPDATE distilled SET edited = 1, slot = '', value = '', single = 0, retracts = 0 "
            "WHERE memory_id = ?",
            (memory_id,),
        )


def _has_sources(connection: sqlite3.Connection, draft: Draft) -> bool:
    (turns,) = connection.execute(
        "SELECT count(*) FROM turns t WHERE t.id IN "
        f"({qmarks(draft.turns)}) AND NOT EXISTS "
        "(SELECT 1 FROM memory_skips s WHERE s.turn_id = t.id)",
        draft.turns,
    ).fetchone()
    (cited,) = connection.execute(
        f"SELECT count(*) FROM memories WHERE id IN ({qmarks(draft.evidence)})", draft.evidence
    ).fetchone()
    return bool(draft.turns) and turns == len(draft.turns) and cited == len(draft.evidence)


def _insert_memory(
    connection: sqlite3.Connection, character: str, chat_id: int, draft: Draft
) -> int:
    text = storable(draft.text, "memory")
    (when,) = connection.execute(
        "SELECT created_at FROM turns WHERE id = ?", (draft.turns[-1],)
    ).fetchone()
    (memory_id,) = connection.execute(
        "INSERT INTO memories (kind, character, chat_id, turn_id, speaker, text, created_at, "
        "importance, by_model, shared, hash) VALUES (?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?) "
        "RETURNING id",
        (draft.kind, character, chat_id, draft.turns[-1], text, when, draft.importance,
         draft.method == "model", draft.shared, wording_hash("", text)),
    ).fetchone()  # fmt: skip
    _insert_details(connection, memory_id, draft)
    return int(memory_id)


def _insert_details(connection: sqlite3.Connection, memory_id: int, draft: Draft) -> None:
    """Insert the details of a derived memory."""
    connection.execute(
        "INSERT INTO distilled (memory_id, method, subject, slot, value, single, retracts, "
        "quote) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (memory_id, draft.method, draft.subject, draft.slot, storable(draft.value, "value"),
         draft.single, draft.retracts, storable(draft.quote, "quote")),
    )  # fmt: skip
    connection.executemany(
        "INSERT OR IGNORE INTO distilled_turns (memory_id, turn_id) VALUES (?, ?)",
        [(memory_id, turn) for turn in draft.turns],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO distilled_evidence (memory_id, evidence_id) VALUES (?, ?)",
        [(memory_id, cited) for cited in draft.evidence],
    )
    for old in draft.takes_over:
        _insert_link(connection, old, memory_id)
    for new in draft.yields_to:
        _insert_link(connection, memory_id, new)


def _insert_link(connection: sqlite3.Connection, old_id: int, new_id: int) -> None:
    """Insert a link if both memories exist, and set ``superseded_by`` for other modules."""
    inserted = connection.execute(
        "INSERT OR IGNORE INTO distilled_links (old_id, new_id) SELECT o.id, n.id "
        "FROM memories o, memories n WHERE o.id = ? AND n.id = ? AND o.id <> n.id",
        (old_id, new_id),
    ).rowcount
    if inserted:
        connection.execute("UPDATE memories SET superseded_by = ? WHERE id = ?", (new_id, old_id))


def _to_detail(row: Sequence[Any], related: Sequence[dict[int, list[int]]]) -> Detail:
    memory_id, method, subject, slot, value, single, retracts, quote, edited = row
    flags = bool(single), bool(retracts), quote, bool(edited)
    relations = (tuple(each.get(memory_id, ())) for each in related)
    return Detail(method, subject, slot, value, *flags, *relations)
