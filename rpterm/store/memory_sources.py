"""Where memories come from, across databases and across new names of a card.

A turn is named by id, time and wording, so that an export can be tied to its chat again. ``move``
takes everything of a character along when its card has another name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from rpterm.store.cast_schema import TABLE
from rpterm.store.errors import StoreError
from rpterm.store.memories import Memories, Memory
from rpterm.store.memory_rows import wording_hash

_OF = (
    "character = :old AND (chat_id IN (SELECT id FROM chats WHERE card_name = :new "
    f"UNION SELECT chat_id FROM {TABLE} WHERE card_name = :old AND card_path = :path) OR :all)"
)
_LEFT = (
    "SELECT (SELECT count(*) FROM chats WHERE card_name = :old) + (SELECT count(*) "
    f"FROM {TABLE} WHERE card_name = :old AND position > 0 AND card_path IS NOT :path "
    "AND :path IS NOT NULL)"
)
"""Chats whose character, or another one in them, keeps the old name."""


class MemorySources:
    """The sources of one store's memories."""

    def __init__(self, memories: Memories) -> None:
        self._memories = memories
        self._connections = memories.store.connections

    def of(self, turn_id: int) -> dict[str, object]:
        """A turn as an export names it."""
        with self._connections.read() as connection:
            row = connection.execute(
                "SELECT speaker, text, created_at FROM turns WHERE id = ?", (turn_id,)
            ).fetchone()
        if row is None:
            raise StoreError(f"There is no turn {turn_id}.")
        wording = wording_hash(row[0], row[1]).hex()
        return {"turn": turn_id, "created_at": row[2], "wording": wording}

    def find(self, source: Mapping[str, object]) -> tuple[int, int] | tuple[None, None]:
        """The chat and the turn that ``of`` named, where this database has them, too."""
        wording = str(source.get("wording", ""))
        try:
            key = bytes.fromhex(wording)
        except ValueError:
            return None, None
        with self._connections.read() as connection:
            rows = connection.execute(
                "SELECT chat_id, id, speaker, text FROM turns WHERE id = :turn "
                "UNION ALL SELECT t.chat_id, t.id, t.speaker, t.text FROM memories m "
                "JOIN turns t ON t.id = m.turn_id WHERE m.hash = :hash AND m.kind = 'turn' "
                "AND m.created_at = :created_at",
                {"turn": source.get("turn"), "created_at": source.get("created_at"),
                 "hash": key},
            ).fetchall()  # fmt: skip
        for chat_id, turn_id, speaker, text in rows:
            if wording_hash(speaker, text).hex() == wording:
                return chat_id, turn_id
        return None, None

    def memory_of(self, turn_id: int, character: str) -> Memory | None:
        """What a character remembers of a turn in its own words."""
        with self._connections.read() as connection:
            row = connection.execute(
                "SELECT id FROM memories WHERE turn_id = ? AND kind = 'turn' AND character = ?",
                (turn_id, character),
            ).fetchone()
        return self._memories.get(row[0]) if row is not None else None

    def characters(self) -> list[str]:
        """The names of all who remember something or have a chat."""
        with self._connections.read() as connection:
            rows = connection.execute(
                "SELECT character FROM memories UNION SELECT card_name FROM chats ORDER BY 1"
            )
            return [name for (name,) in rows]

    def move(self, old: str, new: str, card_path: str | None = None) -> tuple[int, int]:
        """Give the chats and memories of a character to another name.

        Args:
            card_path: Only the chats with the card of this file, their memories, and those of chats
                it takes part in; notes, files and phrases go along when no chat is left behind.

        Returns:
            How many chats and how many memories moved.
        """
        names: dict[str, object] = {"old": old, "new": new, "path": card_path}
        with self._connections.write() as connection:
            chats = connection.execute(
                "UPDATE chats SET card_name = :new WHERE card_name = :old "
                "AND (:path IS NULL OR card_path = :path)",
                names,
            ).rowcount
            (left,) = connection.execute(_LEFT, names).fetchone()
            names["all"] = not left
            memories = connection.execute(
                # Both may have heard the same turn: then the new name has it already.
                f"UPDATE OR IGNORE memories SET character = :new WHERE {_OF}",
                names,
            ).rowcount
            if not left:
                _move_rest(connection, names)
        return chats, memories


def _move_rest(connection: sqlite3.Connection, names: dict[str, object]) -> None:
    """Files and phrases; one that the new name has already is dropped under the old one."""
    for table, key in (("memory_files", "path"), ("memory_blocks", "phrase")):
        # Of a file both names have, the pieces moved already: the file of the old name goes on.
        connection.execute(
            f"DELETE FROM {table} WHERE character = :new AND {key} IN "
            f"(SELECT {key} FROM {table} WHERE character = :old)",
            names,
        )
        connection.execute(f"UPDATE {table} SET character = :new WHERE character = :old", names)
