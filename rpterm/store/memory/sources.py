"""Identifies the source turns of memories across databases, and moves memories between names.

A turn is identified by id, time and wording, so that an import can link memories to their chats
again. ``rename_character`` transfers everything that belongs to a character whose card is renamed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from rpterm.store.errors import StoreError
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.records import Memory, wording_hash
from rpterm.store.schema.cast_tables import TABLE

_MOVED_MEMORIES = (
    "character = :old AND (chat_id IN (SELECT id FROM chats WHERE card_name = :new "
    f"UNION SELECT chat_id FROM {TABLE} WHERE card_name = :old AND card_path = :path) OR :all)"
)
_REMAINING_CHATS = (
    "SELECT (SELECT count(*) FROM chats WHERE card_name = :old) + (SELECT count(*) "
    f"FROM {TABLE} WHERE card_name = :old AND position > 0 AND card_path IS NOT :path "
    "AND :path IS NOT NULL)"
)
"""SQL: number of chats in which the old name remains, as their own character or a member."""


class MemorySources:
    """The sources of the memories in one store."""

    def __init__(self, memories: Memories) -> None:
        self._memories = memories
        self._connections = memories.store.connections

    def identify(self, turn_id: int) -> dict[str, object]:
        """The identification of a turn for an export."""
        query = "SELECT speaker, text, created_at FROM turns WHERE id = ?"
        row = self._connections.row(query, (turn_id,))
        if row is None:
            raise StoreError(f"There is no turn {turn_id}.")
        wording = wording_hash(row[0], row[1]).hex()
        return {"turn": turn_id, "created_at": row[2], "wording": wording}

    def said_by_user(self, turn_ids: Sequence[int]) -> set[int]:
        """Those of these turns that are the user's."""
        query = "SELECT id FROM turns WHERE role = 'user' AND id IN ({})"
        return {turn_id for (turn_id,) in self._connections.rows_among(query, turn_ids)}

    def find(self, source: Mapping[str, object]) -> tuple[int, int] | tuple[None, None]:
        """The (chat, turn) ids of a turn identified by ``identify``, if it is in this database."""
        wording = str(source.get("wording", ""))
        try:
            key = bytes.fromhex(wording)
        except ValueError:
            return None, None
        rows = self._connections.rows(
            "SELECT chat_id, id, speaker, text FROM turns WHERE id = :turn "
            "UNION ALL SELECT t.chat_id, t.id, t.speaker, t.text FROM memories m "
            "JOIN turns t ON t.id = m.turn_id WHERE m.hash = :hash AND m.kind = 'turn' "
            "AND m.created_at = :created_at",
            {"turn": source.get("turn"), "created_at": source.get("created_at"), "hash": key},
        )
        for chat_id, turn_id, speaker, text in rows:
            if wording_hash(speaker, text).hex() == wording:
                return chat_id, turn_id
        return None, None

    def memory_of(self, turn_id: int, character: str) -> Memory | None:
        """The character's memory of the turn itself, or ``None``."""
        query = "SELECT id FROM memories WHERE turn_id = ? AND kind = 'turn' AND character = ?"
        row = self._connections.row(query, (turn_id, character))
        return self._memories.get(row[0]) if row is not None else None

    def characters(self) -> list[str]:
        """The names of all characters with a memory or a chat."""
        query = "SELECT character FROM memories UNION SELECT card_name FROM chats ORDER BY 1"
        return [name for (name,) in self._connections.rows(query)]

    def rename_character(self, old: str, new: str, card_path: str | None) -> tuple[int, int]:
        """Transfer the chats and memories of a character to another name.

        Args:
            card_path: Only the chats with the card in this file, and the memories of those chats
                and of chats where it is a member. Notes, files and phrases are moved only if no
                chat keeps the old name.

        Returns:
            The number of chats and of memories moved.
        """
        names: dict[str, object] = {"old": old, "new": new, "path": card_path}
        with self._connections.write() as connection:
            chats = connection.execute(
                "UPDATE chats SET card_name = :new WHERE card_name = :old "
                "AND (:path IS NULL OR card_path = :path)",
                names,
            ).rowcount
            (remaining,) = connection.execute(_REMAINING_CHATS, names).fetchone()
            names["all"] = not remaining
            memories = connection.execute(
                # If both names heard the same turn, the new name has the memory already.
                f"UPDATE OR IGNORE memories SET character = :new WHERE {_MOVED_MEMORIES}",
                names,
            ).rowcount
            if not remaining:
                _move_files_and_phrases(connection, names)
        return chats, memories


def _move_files_and_phrases(connection: sqlite3.Connection, names: dict[str, object]) -> None:
    """Move files and blocked phrases; a duplicate under the new name is deleted."""
    for table, key in (("memory_files", "path"), ("memory_blocks", "phrase")):
        # If both names have the file, its pieces have moved already: keep the old name's entry.
        connection.execute(
            f"DELETE FROM {table} WHERE character = :new AND {key} IN "
            f"(SELECT {key} FROM {table} WHERE character = :old)",
            names,
        )
        connection.execute(f"UPDATE {table} SET character = :new WHERE character = :old", names)
