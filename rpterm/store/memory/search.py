"""Full-text search over memories. As in ``search``, only the newest matches are ranked, because
ranking all matches of a very common word would take seconds with a million memories."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from rpterm.store.search import contains_all, fts_expression, unspaced_words

MAX_RANKED = 2_000


def any_word_expression(connection: sqlite3.Connection, words: Sequence[str]) -> str:
    """An FTS5 expression for any of the words; common words only if there are no rarer ones."""
    quoted = ['"' + word.replace('"', '""') + '"' for word in words]
    rare = [word for word in quoted if _match_count(connection, word) < MAX_RANKED]
    return " OR ".join(rare or quoted)


def search_all_words(
    connection: sqlite3.Connection, query: str, where: str, character: str | None, limit: int
) -> list[int]:
    """The ids of memories that contain all the user's words; ``where`` as in ``ranked_matches``."""
    if words := unspaced_words(query):
        return _search_substrings(connection, words, where, character, limit)
    return ranked_matches(connection, fts_expression(query) or "", where, character, limit)


def ranked_matches(
    connection: sqlite3.Connection, expression: str, where: str, character: str | None, limit: int
) -> list[int]:
    """The ids of the best of the newest matches, best first.

    Args:
        where: Further SQL conditions on a memory ``m``, starting with AND; may use ``:character``.
    """
    if not expression:
        return []
    rows = connection.execute(
        "SELECT id FROM (SELECT m.id AS id, rank AS score "
        "FROM memory_fts CROSS JOIN memories m ON m.id = memory_fts.rowid "
        f"WHERE memory_fts MATCH :query {where} ORDER BY memory_fts.rowid DESC LIMIT :most) "
        "ORDER BY score, id DESC LIMIT :limit",
        {"query": expression, "character": character, "most": MAX_RANKED, "limit": limit},
    )
    return [memory_id for (memory_id,) in rows]


def _search_substrings(
    connection: sqlite3.Connection, words: list[str], where: str, character: str | None, limit: int
) -> list[int]:
    """The newest memories that contain all these substrings; see ``store.search``."""
    contains, parameters = contains_all("m.text", words)
    rows = connection.execute(
        f"SELECT m.id FROM memories m WHERE {contains} {where} ORDER BY m.id DESC LIMIT :limit",
        {**parameters, "character": character, "limit": limit},
    )
    return [memory_id for (memory_id,) in rows]


def _match_count(connection: sqlite3.Connection, expression: str) -> int:
    """How many memories match, counted up to ``MAX_RANKED``."""
    (count,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM memory_fts WHERE memory_fts MATCH ? LIMIT ?)",
        (expression, MAX_RANKED),
    ).fetchone()
    return int(count)
