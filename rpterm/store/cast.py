"""Stores casts: the characters in a group chat and how they take turns.

A cast is read and written completely, in one transaction. This module knows no cards or replies.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from rpterm.store import chats, resumable_chat
from rpterm.store.row_conversion import storable
from rpterm.store.schema.cast_tables import TABLE
from rpterm.store.store import Store
from rpterm.types import Cast, Member, TurnTaking

_COLUMNS = "card_name, speaker, card_hash, card_path, narrator, muted, present"


class Casts:
    """The casts of one store."""

    def __init__(self, store: Store) -> None:
        self._connections = store.connections

    def get(self, chat_id: int) -> Cast | None:
        """The cast of a chat, its own character first; ``None`` if that character is alone."""
        with self._connections.read() as connection:
            return _get(connection, chat_id)

    def put(
        self, chat_id: int, cast: Cast | None, renamed: Mapping[str, str] | None = None
    ) -> None:
        """Replace the cast of a chat; ``None`` leaves only its own character.

        Args:
            renamed: New names of speakers, by old name, for the replies in the chat.

        Raises:
            StoreError: There is no such chat.
        """
        with self._connections.write() as connection:
            chats.get(connection, chat_id)
            connection.execute("DELETE FROM scenes WHERE chat_id = ?", (chat_id,))
            connection.execute(f"DELETE FROM {TABLE} WHERE chat_id = ?", (chat_id,))
            if cast is not None:
                _insert(connection, chat_id, cast)
            if renamed:
                _rename(connection, chat_id, renamed)

    def newest(self, card_name: str, *, company: bool = False) -> int | None:
        """The chat to resume with a character, alone or in a group (``company``)."""
        with self._connections.read() as connection:
            return resumable_chat.newest_chat(connection, card_name, company=company)

    def counts(self) -> dict[int, int]:
        """Number of present members of each group chat."""
        rows = self._connections.rows(
            f"SELECT chat_id, count(*) FROM {TABLE} WHERE present GROUP BY chat_id"
        )
        return {chat_id: count for chat_id, count in rows if count > 1}


def _get(connection: sqlite3.Connection, chat_id: int) -> Cast | None:
    row = connection.execute(
        "SELECT taking, held FROM scenes WHERE chat_id = ?", (chat_id,)
    ).fetchone()
    members = connection.execute(
        f"SELECT {_COLUMNS} FROM {TABLE} WHERE chat_id = ? ORDER BY position", (chat_id,)
    ).fetchall()
    if row is None or not members:
        return None
    known = {each.value for each in TurnTaking}
    return Cast(
        tuple(Member(*each[:4], *map(bool, each[4:])) for each in members),
        TurnTaking(row[0]) if row[0] in known else TurnTaking.MENTIONED,
        row[1],
    )


def _insert(connection: sqlite3.Connection, chat_id: int, cast: Cast) -> None:
    connection.execute(
        "INSERT INTO scenes (chat_id, taking, held) VALUES (?, ?, ?)",
        (chat_id, cast.taking.value, storable(cast.held, "name")),
    )
    for position, member in enumerate(cast.members):
        connection.execute(
            f"INSERT INTO {TABLE} (chat_id, position, {_COLUMNS}) VALUES "
            "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                chat_id, position, storable(member.card_name, "name"),
                storable(member.speaker, "name"), member.card_hash, member.card_path,
                member.narrator, member.muted, member.present,
            ),
        )  # fmt: skip


def _rename(connection: sqlite3.Connection, chat_id: int, names: Mapping[str, str]) -> None:
    """Rename all speakers at once, because two may have swapped their names."""
    new_names = json.dumps({old: storable(new, "name") for old, new in names.items()})
    connection.execute(
        "UPDATE turns SET speaker = (SELECT value FROM json_each(:names) WHERE key = speaker) "
        "WHERE chat_id = :chat AND role = 'assistant' "
        "AND speaker IN (SELECT key FROM json_each(:names))",
        {"names": new_names, "chat": chat_id},
    )
