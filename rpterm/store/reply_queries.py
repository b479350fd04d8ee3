"""Queries over the replies of all chats, and about chats, for reviews, duels and exports.

Read-only. Judgements themselves are in ``judgements``.
"""

from __future__ import annotations

from dataclasses import dataclass

from rpterm.store.schema.cast_tables import TABLE as _CAST
from rpterm.store.store import Store
from rpterm.types import Origin

_NEWEST_SCORE = (
    "(SELECT probability FROM scores s WHERE s.turn_id = t.id ORDER BY created_at DESC LIMIT 1)"
)

_CHARACTER = (
    f"coalesce((SELECT card_name FROM {_CAST} m WHERE m.chat_id = t.chat_id "
    "AND t.speaker IN (m.speaker, m.card_name) ORDER BY position LIMIT 1), c.card_name)"
)
"""The card of the character who speaks a turn: in a group chat, one of its members."""


@dataclass(frozen=True, slots=True)
class CompleteReply:
    """A complete reply.

    Attributes:
        card: The name of the character who says it.
        model: The model that wrote it; "" if unknown.
        score: The newest live score, 0 to 1, or ``None``.
    """

    turn_id: int
    chat_id: int
    card: str
    model: str
    origin: Origin
    score: float | None = None


def complete_replies(store: Store) -> list[CompleteReply]:
    """All complete replies except greetings; most recent chat first, then in turn order."""
    rows = store.connections.rows(
        f"SELECT t.id, t.chat_id, {_CHARACTER}, coalesce(g.model, ''), t.origin, "
        f"{_NEWEST_SCORE} FROM turns t JOIN chats c ON c.id = t.chat_id "
        "LEFT JOIN generations g ON g.turn_id = t.id "
        "WHERE t.role = 'assistant' AND t.status = 'complete' AND t.parent_id IS NOT NULL "
        "AND NOT t.lifted AND t.text <> '' ORDER BY c.updated_at DESC, c.id DESC, t.id"
    )
    return [CompleteReply(*(*row[:4], Origin(row[4]), row[5])) for row in rows]


def characters(store: Store, chat_id: int) -> dict[int, str]:
    """The names of the characters who say the replies of a chat, by turn."""
    return dict(
        store.connections.rows(
            f"SELECT t.id, {_CHARACTER} FROM turns t JOIN chats c ON c.id = t.chat_id "
            "WHERE t.chat_id = ? AND t.role = 'assistant'",
            (chat_id,),
        )
    )


def exportable_chats(store: Store) -> set[int]:
    """Ids of the chats that may be exported."""
    rows = store.connections.rows(
        "SELECT chat_id FROM consents c WHERE exportable AND id = "
        "(SELECT max(id) FROM consents d WHERE d.chat_id = c.chat_id)"
    )
    return {chat_id for (chat_id,) in rows}
