"""Full-text search over memories. The newest matches are ranked, as in ``search``: ranking all that
hold a very common word would take seconds among a million."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

CANDIDATES = 2_000


def any_of(connection: sqlite3.Connection, words: Sequence[str]) -> str:
    """An expression for what holds any of the words; common ones only where there are no others."""
    quoted = ['"' + word.replace('"', '""') + '"' for word in words]
    rare = [word for word in quoted if _held(connection, word) < CANDIDATES]
    return " OR ".join(rare or quoted)


def best(
    connection: sqlite3.Connection, expression: str, where: str, character: str | None, limit: int
) -> list[int]:
    """The ids of the best of the newest matches, best first.

    Args:
        where: More that must hold of a memory ``m``, beginning with AND; may name ``:character``.
    """
    if not expression:
        return []
    rows = connection.execute(
        "SELECT id FROM (SELECT m.id AS id, rank AS score "
        "FROM memory_fts CROSS JOIN memories m ON m.id = memory_fts.rowid "
        f"WHERE memory_fts MATCH :query {where} ORDER BY memory_fts.rowid DESC LIMIT :most) "
        "ORDER BY score, id DESC LIMIT :limit",
        {"query": expression, "character": character, "most": CANDIDATES, "limit": limit},
    )
    return [memory_id for (memory_id,) in rows]


def _held(connection: sqlite3.Connection, expression: str) -> int:
    """How many memories match, counted no further than matters."""
    (count,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM memory_fts WHERE memory_fts MATCH ? LIMIT ?)",
        (expression, CANDIDATES),
    ).fetchone()
    return int(count)
