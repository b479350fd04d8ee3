"""Tracks which turns each extraction job has read for each character who heard them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rpterm.store.database.connections import Connections

_WAS_HEARD = (
    "(c.card_name = :character OR EXISTS (SELECT 1 FROM memories h WHERE h.turn_id = t.id "
    "AND h.kind = 'turn' AND h.character = :character))"
)
# Each hearer reads a turn once. For all but the chat's own character, the stored job name ends in
# the character's name.
_JOB_NAME = "(CASE c.card_name WHEN :character THEN :job ELSE :job || ' ' || :character END)"
_IS_UNREAD = (
    f"t.status <> 'streaming' AND NOT t.hidden AND {_WAS_HEARD} AND NOT EXISTS "
    f"(SELECT 1 FROM distilled_reads r WHERE r.turn_id = t.id AND r.job = {_JOB_NAME}) "
    "AND NOT EXISTS (SELECT 1 FROM memory_skips s WHERE s.turn_id = t.id) AND NOT EXISTS "
    "(SELECT 1 FROM memories m WHERE m.turn_id = t.id AND m.kind = 'turn' AND m.hidden)"
)
_IS_MEMBER = (
    "(c.card_name = :character OR c.id IN "
    "(SELECT k.chat_id FROM cast_members k WHERE k.card_name = :character))"
)


@dataclass(frozen=True, slots=True)
class SourceTurn:
    """A turn for an extraction job to read.

    Attributes:
        listener: Who spoke before, and is the "you" of this turn; "" if nobody did.
    """

    turn_id: int
    chat_id: int
    role: str
    speaker: str
    text: str
    created_at: float
    listener: str = ""


class ReadTurns:
    """The read and unread turns in one store."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def unread(
        self, character: str, chat_id: int, job: str, roles: Sequence[str] = ("user",)
    ) -> list[SourceTurn]:
        """Turns of the branch shown that a job has not read, oldest first.

        Turns are left out that the character did not hear, or whose memory the user deleted, hid
        from the model, or marked "never mention".
        """
        rows = self._connections.rows(
            "WITH RECURSIVE up (id) AS (SELECT leaf_id FROM chats WHERE id = :chat "
            "UNION ALL SELECT t.parent_id FROM up JOIN turns t ON t.id = up.id "
            "WHERE t.parent_id IS NOT NULL) "
            "SELECT t.id, t.chat_id, t.role, t.speaker, t.text, t.created_at, "
            "CASE WHEN p.role <> t.role THEN p.speaker ELSE '' END FROM up "
            "JOIN turns t ON t.id = up.id JOIN chats c ON c.id = t.chat_id "
            "LEFT JOIN turns p ON p.id = t.parent_id "
            f"WHERE {_IS_UNREAD} ORDER BY t.id",
            {"chat": chat_id, "character": character, "job": job},
        )
        return [SourceTurn(*row) for row in rows if row[2] in roles]

    def mark_unread(self, character: str, job: str) -> None:
        """Mark all turns of a character's chats as unread for a job."""
        self._connections.run(
            "DELETE FROM distilled_reads WHERE (turn_id, job) IN (SELECT t.id, "
            f"{_JOB_NAME} FROM turns t JOIN chats c ON c.id = t.chat_id WHERE {_IS_MEMBER})",
            {"job": job, "character": character},
        )

    def chats(self, character: str) -> list[int]:
        """The chats that a character is or was in, oldest first."""
        query = f"SELECT c.id FROM chats c WHERE {_IS_MEMBER} ORDER BY c.id"
        return [chat_id for (chat_id,) in self._connections.rows(query, {"character": character})]

    def chats_to_read(self, character: str, job: str) -> list[int]:
        """Those of them with user turns that a job has not read."""
        rows = self._connections.rows(
            "SELECT DISTINCT t.chat_id FROM turns t JOIN chats c ON c.id = t.chat_id "
            f"WHERE {_IS_MEMBER} AND t.role = 'user' AND {_IS_UNREAD} ORDER BY t.chat_id",
            {"character": character, "job": job},
        )
        return [chat_id for (chat_id,) in rows]


def is_read(connection: sqlite3.Connection, read: Mapping[str, object]) -> bool:
    """Whether a job has read a turn for a character; keys as in ``mark_read``."""
    return connection.execute(
        "SELECT 1 FROM turns t JOIN chats c ON c.id = t.chat_id JOIN distilled_reads r "
        f"ON r.turn_id = t.id AND r.job = {_JOB_NAME} WHERE t.id = :turn",
        read,
    ).fetchone() is not None  # fmt: skip


def mark_read(connection: sqlite3.Connection, reads: Sequence[Mapping[str, object]]) -> None:
    """Mark turns as read; each mapping has the keys ``turn``, ``character`` and ``job``."""
    connection.executemany(
        f"INSERT OR IGNORE INTO distilled_reads (turn_id, job) SELECT t.id, {_JOB_NAME} "
        "FROM turns t JOIN chats c ON c.id = t.chat_id WHERE t.id = :turn",
        reads,
    )
