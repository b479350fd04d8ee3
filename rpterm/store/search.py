"""Full-text search over all turns.

User input is never interpreted as a query language: all words must occur, "words in quotes" must
occur as a phrase, and the last word may be a prefix. Words are compared without accents and
endings (Porter stemming, so English endings). The newest ``_MAX_RANKED`` matches are ranked by
BM25, because ranking all matches of a very common word would need a full scan.

Chinese, Japanese, Korean and Thai are written without spaces between words, and the index takes
each run of characters as one word. Queries in these scripts scan the texts for substrings instead.
"""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from dataclasses import dataclass

from rpterm.store.resumable_chat import IS_HIDDEN
from rpterm.store.row_conversion import COUNTED_TURN, FIRST_USER_TEXT, first_words, to_turn
from rpterm.types import Turn

_MAX_RANKED = 1000
_COMMON_CARD_TURNS = 10_000
_MAX_WORDS = 32
_MAX_WORD_CHARS = 100
_UNSPACED_SCRIPT = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_SNIPPET_CHARS = 30
_USED_IN_CHAT = (
    "(t.origin <> 'greeting' OR EXISTS (SELECT 1 FROM turns n WHERE n.parent_id = t.id) "
    "OR EXISTS (SELECT 1 FROM chats p WHERE p.leaf_id = t.id)) "
    f"AND NOT {IS_HIDDEN.format('t.chat_id')}"
)
"""SQL: not one of the card's greetings that no conversation continued from, nor in a chat whose
import is not complete."""
_WORD = re.compile(r'"([^"]+)"|(\S+)')

OPEN_MARK, CLOSE_MARK = "\x02", "\x03"
"""Enclose each hit in a snippet."""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A matching turn.

    Attributes:
        chat_title: The chat's title, or the user's first words, or the character's name.
        snippet: The part of its text around the hits, each hit between ``\\x02`` and ``\\x03``.
    """

    turn: Turn
    chat_title: str
    snippet: str


def search(
    connection: sqlite3.Connection,
    query: str,
    card_name: str | None,
    limit: int,
    by_chat: bool = False,
) -> list[SearchHit]:
    """The best of the newest matches, best first; ``by_chat`` takes one from each chat."""
    if limit <= 0:
        return []
    if words := unspaced_words(query):
        return _search_substrings(connection, words, card_name, limit, by_chat)
    expression = fts_expression(query)
    if expression is None:
        return []
    ids = _best_matches(connection, expression, card_name, limit, by_chat)
    snippets = _snippets(connection, expression, ids)
    found = (_load_hit(connection, turn_id, snippets.get(turn_id, "")) for turn_id in ids)
    return [hit for hit in found if hit is not None]


def _search_substrings(
    connection: sqlite3.Connection,
    words: list[str],
    card_name: str | None,
    limit: int,
    by_chat: bool,
) -> list[SearchHit]:
    """The newest turns whose text contains all these words as substrings."""
    contains, parameters = contains_all("t.text", words)
    of_card = "AND c.card_name = :card" if card_name is not None else ""
    # With max(), SQLite returns the other columns from the row that has the maximum.
    newest, grouped = ("max(t.id)", "GROUP BY t.chat_id") if by_chat else ("t.id", "")
    rows = connection.execute(
        f"SELECT {newest} AS newest, t.text FROM turns t JOIN chats c ON c.id = t.chat_id "
        f"WHERE {contains} {of_card} AND {_USED_IN_CHAT} {grouped} "
        "ORDER BY newest DESC LIMIT :limit",
        {**parameters, "card": card_name, "limit": limit},
    ).fetchall()
    found = (
        _load_hit(connection, int(at), _make_snippet(str(text), words[0])) for at, text in rows
    )
    return [hit for hit in found if hit is not None]


def _make_snippet(text: str, word: str) -> str:
    """A snippet with one hit: the first occurrence of a word."""
    at = text.lower().find(word.lower())
    start, end = max(0, at - _SNIPPET_CHARS), at + len(word) + _SNIPPET_CHARS
    hit = f"{OPEN_MARK}{text[at : at + len(word)]}{CLOSE_MARK}"
    head = ("…" if start else "") + text[start:at]
    return head + hit + text[at + len(word) : end] + ("…" if end < len(text) else "")


def unspaced_words(query: str) -> list[str]:
    """The user's words if any is in a script without spaces between words; else none."""
    words = [text for text, _ in _parse_words(query)]
    return words if any(_UNSPACED_SCRIPT.search(text) for text in words) else []


def contains_all(column: str, words: list[str]) -> tuple[str, dict[str, str]]:
    """An SQL condition that a column contains all these substrings, and its parameters."""
    parameters = {f"word{at}": word for at, word in enumerate(words)}
    condition = " AND ".join(f"instr(lower({column}), lower(:{name})) > 0" for name in parameters)
    return condition, parameters


def fts_expression(query: str) -> str | None:
    """The user's words as an FTS5 expression; ``None`` if the query has no word."""
    return _to_expression(_parse_words(query))


def _to_expression(words: list[tuple[str, bool]]) -> str | None:
    if not words:
        return None
    phrases = ['"' + text.replace('"', '""') + '"' for text, _ in words]
    last_is_bare = words[-1][1]
    return " ".join(phrases) + ("*" if last_is_bare else "")


def _parse_words(query: str) -> list[tuple[str, bool]]:
    """The words and quoted phrases of a query, each with whether it is a bare word."""
    clean = query.replace("\0", " ").encode("utf-8", "replace").decode()
    found: list[tuple[str, bool]] = []
    for match in _WORD.finditer(clean):
        text = (match[1] or match[2])[:_MAX_WORD_CHARS]
        # Text without a letter or digit has no token, and FTS5 would match nothing.
        if any(unicodedata.category(char)[0] in "LN" for char in text):
            found.append((text, match[1] is None))
        if len(found) == _MAX_WORDS:
            break
    return found


def _best_matches(
    connection: sqlite3.Connection,
    expression: str,
    card_name: str | None,
    limit: int,
    by_chat: bool,
) -> list[int]:
    """Ids of the best matches, best first, without unused greetings."""
    matches = (
        "(SELECT turns_fts.rowid AS id, rank AS score FROM turns_fts "
        f"{_card_filter(connection, card_name)} "
        f"ORDER BY turns_fts.rowid DESC LIMIT {_MAX_RANKED}) m"
    )
    # With min(), SQLite returns the other columns from the row that has the minimum.
    rows = connection.execute(
        f"SELECT m.id AS id, min(m.score) AS score FROM {matches} JOIN turns t ON t.id = m.id "
        f"WHERE {_USED_IN_CHAT} GROUP BY {'t.chat_id' if by_chat else 't.id'} "
        "ORDER BY score, id DESC LIMIT :limit",
        {"query": expression, "card": card_name, "limit": limit},
    )
    return [int(turn_id) for turn_id, _ in rows]


def _card_filter(connection: sqlite3.Connection, card_name: str | None) -> str:
    """The filter by card: list the turns of a rare card; look up each match for a common one."""
    if card_name is None:
        return "WHERE turns_fts MATCH :query"
    of_card = "SELECT t.id FROM chats c CROSS JOIN turns t ON t.chat_id = c.id WHERE c.card_name"
    (many,) = connection.execute(
        f"SELECT count(*) FROM ({of_card} = ? LIMIT {_COMMON_CARD_TURNS})", (card_name,)
    ).fetchone()
    if many < _COMMON_CARD_TURNS:
        return f"WHERE turns_fts MATCH :query AND +turns_fts.rowid IN ({of_card} = :card)"
    return (
        "CROSS JOIN turns t ON t.id = turns_fts.rowid CROSS JOIN chats c ON c.id = t.chat_id "
        "WHERE turns_fts MATCH :query AND c.card_name = :card"
    )


def _snippets(connection: sqlite3.Connection, expression: str, ids: list[int]) -> dict[int, str]:
    """The snippets of some matches by turn id, from a single run of the full-text query.

    A query for each turn would run it every time, and a short prefix has to merge thousands of
    words. The ``+`` keeps SQLite from doing just that.
    """
    if not ids:
        return {}
    rows = connection.execute(
        f"SELECT rowid, snippet(turns_fts, 0, '{OPEN_MARK}', '{CLOSE_MARK}', '…', 16) "
        "FROM turns_fts WHERE turns_fts MATCH :query AND rowid BETWEEN :low AND :high "
        "AND +rowid IN (SELECT value FROM json_each(:ids))",
        {"query": expression, "low": min(ids), "high": max(ids), "ids": json.dumps(ids)},
    )
    return {int(turn_id): str(snippet) for turn_id, snippet in rows}


def _load_hit(connection: sqlite3.Connection, turn_id: int, snippet: str) -> SearchHit | None:
    row = connection.execute(
        f"SELECT {COUNTED_TURN}, c.title, {FIRST_USER_TEXT}, c.card_name "
        "FROM turns t JOIN chats c ON c.id = t.chat_id WHERE t.id = ?",
        (turn_id,),
    ).fetchone()
    if row is None:
        return None
    title, said, name = row[-3:]
    return SearchHit(to_turn(row), title or first_words(said) or name, snippet)
