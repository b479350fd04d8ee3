"""Duels in the database: how each was set up, and which reply each side gave at each place.

Only ever added to, so that a duel goes on after any end. Verdicts are judgements like all others.
This module knows the set-up as plain values.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rpterm.store.duel_schema import prepare
from rpterm.store.store import Store


@dataclass(frozen=True, slots=True)
class StoredDuel:
    """One duel; ``setup`` is what it was begun with, as plain JSON values."""

    id: int
    chat_id: int
    setup: Mapping[str, Any]
    created_at: float


class Duels:
    """The duels of one store."""

    def __init__(self, store: Store) -> None:
        """Make the tables where they are missing."""
        self._connections = store.connections
        with self._connections.write() as connection:
            prepare(connection)

    def begin(self, chat_id: int, setup: Mapping[str, Any]) -> StoredDuel:
        """Keep a new duel."""
        now = time.time()
        with self._connections.write() as connection:
            number = connection.execute(
                "INSERT INTO duels (chat_id, setup_json, created_at) VALUES (?, ?, ?)",
                (chat_id, json.dumps(dict(setup), ensure_ascii=False), now),
            ).lastrowid
        assert number is not None
        return StoredDuel(number, chat_id, dict(setup), now)

    def all(self) -> list[StoredDuel]:
        """Every duel, newest first."""
        with self._connections.read() as connection:
            rows = connection.execute(
                "SELECT id, chat_id, setup_json, created_at FROM duels ORDER BY id DESC"
            )
            return [StoredDuel(row[0], row[1], json.loads(row[2]), row[3]) for row in rows]

    def put(self, duel: int, place: int, side: str, turn_id: int) -> None:
        """A side has given its reply at a place; the first one stands."""
        with self._connections.write() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO duel_replies (duel_id, place, side, turn_id) "
                "VALUES (?, ?, ?, ?)",
                (duel, place, side, turn_id),
            )

    def replies(self, duel: int) -> dict[tuple[int, str], int]:
        """The replies so far: (place, side) → turn."""
        with self._connections.read() as connection:
            rows = connection.execute(
                "SELECT place, side, turn_id FROM duel_replies WHERE duel_id = ?", (duel,)
            )
            return {(place, side): turn for place, side, turn in rows}
