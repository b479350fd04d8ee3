"""Queries over the replies of all chats, and about chats, for reviews, duels and exports.

Read-only. Judgements themselves are in ``judgements``.
"""

from __future__ import annotations

from dataclasses import dataclass

from rpterm.store.store import Store
from rpterm.types import Origin

_NEWEST_SCORE = (
    "(SELECT probability FROM scores s WHERE s.turn_id = t.id ORDER BY created_at DESC LIMIT 1)"
)


@dataclass(frozen=True, slots=True)
class CompleteReply:
    """A complete reply.

    Attributes:
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
        "SELECT t.id, t.chat_id, c.card_name, coalesce(g.model, ''), t.origin, "
        f"{_NEWEST_SCORE} FROM turns t JOIN chats c ON c.id = t.chat_id "
        "LEFT JOIN generations g ON g.turn_id = t.id "
        "WHERE t.role = 'assistant' AND t.status = 'complete' AND t.parent_id IS NOT NULL "
        "AND NOT t.lifted AND t.text <> '' ORDER BY c.updated_at DESC, c.id DESC, t.id"
    )
    return [CompleteReply(*(*row[:4], Origin(row[4]), row[5])) for row in rows]


def exportable_chats(store: Store) -> set[int]:
    """Ids of the chats that may be exported."""
    rows = store.connections.rows(
        "SELECT chat_id FROM consents c WHERE exportable AND id = "
        "(SELECT max(id) FROM consents d WHERE d.chat_id = c.chat_id)"
    )
    return {chat_id for (chat_id,) in rows}
