"""Full-text search over memories. The newest matches are ranked, as in ``search``: ranking all that
hold a very common word would take seconds among a million."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from rpterm.store.search import fts_expression, holding, run_on

CANDIDATES = 2_000


def any_of(connection: sqlite3.Connection, words: Sequence[str]) -> str:
    """An expression for what holds any of the words; common ones only where there are no others."""
    quoted = ['"' + word.replace('"', '""') + '"' for word in words]
    rare = [word for word in quoted if _held(connection, word) < CANDIDATES]
    return " OR ".join(rare or quoted)


def all_of(
    connection: sqlite3.Connection, query: str, where: str, character: str | None, limit: int
) -> list[int]:
    """The ids of what holds all the user's words; ``where`` as in ``best``."""
    if words := run_on(query):
        return _read_through(connection, words, where, character, limit)
    return best(connection, fts_expression(query) or "", where, character, limit)


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


def _read_through(
    connection: sqlite3.Connection, words: list[str], where: str, character: str | None, limit: int
) -> list[int]:
    """The newest in whose text all these stand, as ``search`` finds turns."""
    held, named = holding("m.text", words)
    rows = connection.execute(
        f"SELECT m.id FROM memories m WHERE {held} {where} ORDER BY m.id DESC LIMIT :limit",
        {**named, "character": character, "limit": limit},
    )
    return [memory_id for (memory_id,) in rows]


def _held(connection: sqlite3.Connection, expression: str) -> int:
    """How many memories match, counted no further than matters."""
    (count,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM memory_fts WHERE memory_fts MATCH ? LIMIT ?)",
        (expression, CANDIDATES),
    ).fetchone()
    return int(count)
