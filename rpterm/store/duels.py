"""Stores duels: the set-up of each, and the reply of each side at each place.

Rows are only added, so that a duel can be resumed whenever it was interrupted. Its verdicts are
stored as judgements. To this module the set-up is plain JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rpterm.store.store import Store


@dataclass(frozen=True, slots=True)
class StoredDuel:
    """One duel; ``setup`` holds the settings it was started with, as plain JSON values."""

    id: int
    chat_id: int
    setup: Mapping[str, Any]
    created_at: float


class Duels:
    """The duels in one store."""

    def __init__(self, store: Store) -> None:
        self._now, self._connections = store.now, store.connections

    def begin(self, chat_id: int, setup: Mapping[str, Any]) -> StoredDuel:
        """Store a new duel."""
        now = self._now()
        with self._connections.write() as connection:
            number = connection.execute(
                "INSERT INTO duels (chat_id, setup_json, created_at) VALUES (?, ?, ?)",
                (chat_id, json.dumps(dict(setup), ensure_ascii=False), now),
            ).lastrowid
        assert number is not None
        return StoredDuel(number, chat_id, dict(setup), now)

    def all(self) -> list[StoredDuel]:
        """Every duel, newest first."""
        rows = self._connections.rows(
            "SELECT id, chat_id, setup_json, created_at FROM duels ORDER BY id DESC"
        )
        return [StoredDuel(row[0], row[1], json.loads(row[2]), row[3]) for row in rows]

    def put(self, duel: int, place: int, side: str, turn_id: int) -> None:
        """Store the reply of a side at a place, unless there is one already."""
        self._connections.run(
            "INSERT OR IGNORE INTO duel_replies (duel_id, place, side, turn_id) "
            "VALUES (?, ?, ?, ?)",
            (duel, place, side, turn_id),
        )

    def replies(self, duel: int) -> dict[tuple[int, str], int]:
        """The turn ids of the replies so far, by (place, side)."""
        query = "SELECT place, side, turn_id FROM duel_replies WHERE duel_id = ?"
        rows = self._connections.rows(query, (duel,))
        return {(place, side): turn for place, side, turn in rows}
