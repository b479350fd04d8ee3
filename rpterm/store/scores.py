"""Stores the scores of replies, by turn, scorer version and card version.

A score belongs to a turn, so a reply that was swiped away keeps its own. A second score of the
same reply by the same version and card replaces the first: the slow signals come after the fast
ones. This module treats scores as plain values and does not know how they are computed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rpterm.store.store import Store

_COLUMNS = (
    "turn_id, version, card_hash, probability, low, high, dimensions_json, readings_json, "
    "complete, created_at"
)


@dataclass(frozen=True, slots=True)
class StoredScore:
    """One row.

    Attributes:
        dimensions: 0 to 1 by dimension, or ``None`` where no signal applies.
        readings: Value, confidence and evidence by signal, as plain JSON values.
        complete: Whether the slow signals are included.
    """

    turn_id: int
    version: str
    card_hash: str
    probability: float
    low: float
    high: float
    dimensions: Mapping[str, float | None] = field(default_factory=dict)
    readings: Mapping[str, Any] = field(default_factory=dict)
    complete: bool = False
    created_at: float = 0.0


class Scores:
    """The scores in one store."""

    def __init__(self, store: Store) -> None:
        self._now = store.now
        self._connections = store.connections

    def put(self, score: StoredScore) -> None:
        """Store a score if its turn exists; an incomplete one never replaces a complete one."""
        row = (
            score.turn_id, score.version, score.card_hash, score.probability, score.low,
            score.high, json.dumps(dict(score.dimensions)), json.dumps(score.readings),
            int(score.complete), self._now(),
        )  # fmt: skip
        self._connections.run(
            f"INSERT INTO scores ({_COLUMNS}) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ? "
            "WHERE EXISTS (SELECT 1 FROM turns WHERE id = ?) "
            "ON CONFLICT (turn_id, version, card_hash) DO UPDATE SET "
            "probability = excluded.probability, low = excluded.low, high = excluded.high, "
            "dimensions_json = excluded.dimensions_json, "
            "readings_json = excluded.readings_json, complete = excluded.complete, "
            "created_at = excluded.created_at WHERE excluded.complete >= scores.complete",
            (*row, score.turn_id),
        )
        self._connections.judgements_version = object()

    def get(
        self, turns: Iterable[int], *, version: str = "", card_hash: str = ""
    ) -> dict[int, StoredScore]:
        """The newest score of each of these turns; turns without one are left out.

        Args:
            version: Only scores of this scorer version, if given.
            card_hash: Only scores for this card version, if given.
        """
        rows = self._connections.rows_among(
            f"SELECT {_COLUMNS} FROM scores WHERE (?1 = '' OR version = ?1) "
            "AND (?2 = '' OR card_hash = ?2) AND turn_id IN ({}) ORDER BY created_at",
            turns, version, card_hash,
        )  # fmt: skip
        return {row[0]: _to_score(row) for row in rows}

    def newest(self, chat_id: int) -> dict[int, float]:
        """The newest probability of each reply of a chat. Fast: no JSON is decoded."""
        rows = self._connections.rows(
            "SELECT s.turn_id, s.probability FROM scores s JOIN turns t ON t.id = s.turn_id "
            "WHERE t.chat_id = ? ORDER BY s.created_at",
            (chat_id,),
        )
        return dict(rows)


def _to_score(row: Sequence[Any]) -> StoredScore:
    values = (*row[:6], json.loads(row[6]), json.loads(row[7]), bool(row[8]), row[9])
    return StoredScore(*values)
