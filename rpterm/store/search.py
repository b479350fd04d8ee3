"""Full-text search over everything said.

What people type is never read as a query language: every word is looked for as it is, all words
must occur, "words in quotes" must stand together, and the last word may be only a beginning. Words
are compared without accents and endings (Porter, so English endings). The newest ``_CANDIDATES``
matches are ranked by BM25: ranking all matches of a very common word would cost a full scan.

Chinese, Japanese, Korean and Thai are written without spaces between words, and the index holds
each run of signs as one word: what is looked for in them is found anywhere, by reading the texts.
"""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from dataclasses import dataclass

from rpterm.store.rows import COUNTED_TURN, FIRST_SAID, first_words, to_turn
from rpterm.types import Turn

_CANDIDATES = 1000
_MANY = 10_000
_MAX_WORDS = 32
_MAX_WORD = 100
_RUN_ON = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_AROUND = 30
_PLAYED = (
    "(t.origin <> 'greeting' OR EXISTS (SELECT 1 FROM turns n WHERE n.parent_id = t.id) "
    "OR EXISTS (SELECT 1 FROM chats p WHERE p.leaf_id = t.id))"
)
"""Not one of the card's greetings that no talk went on from."""
_WORD = re.compile(r'"([^"]+)"|(\S+)')

OPEN_MARK, CLOSE_MARK = "\x02", "\x03"
"""Around each hit in a snippet."""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A turn that matches.

    Attributes:
        chat_title: Its title, how it begins, or its character's name where the user said nothing.
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
    """The best of the newest matches, best first; ``by_chat`` takes one of each chat."""
    if limit <= 0:
        return []
    if words := run_on(query):
        return _read_through(connection, words, card_name, limit, by_chat)
    expression = fts_expression(query)
    if expression is None:
        return []
    ids = _candidates(connection, expression, card_name, limit, by_chat)
    snippets = _snippets(connection, expression, ids)
    found = (_load(connection, turn_id, snippets.get(turn_id, "")) for turn_id in ids)
    return [hit for hit in found if hit is not None]


def _read_through(
    connection: sqlite3.Connection,
    words: list[str],
    card_name: str | None,
    limit: int,
    by_chat: bool,
) -> list[SearchHit]:
    """The newest turns in whose text all these stand."""
    held, named = holding("t.text", words)
    of_card = "AND c.card_name = :card" if card_name is not None else ""
    # Beside max(), SQLite gives the text of the turn that has it.
    newest, grouped = ("max(t.id)", "GROUP BY t.chat_id") if by_chat else ("t.id", "")
    rows = connection.execute(
        f"SELECT {newest} AS newest, t.text FROM turns t JOIN chats c ON c.id = t.chat_id "
        f"WHERE {held} {of_card} AND {_PLAYED} {grouped} ORDER BY newest DESC LIMIT :limit",
        {**named, "card": card_name, "limit": limit},
    ).fetchall()
    found = (_load(connection, int(at), _around(str(text), words[0])) for at, text in rows)
    return [hit for hit in found if hit is not None]


def _around(text: str, word: str) -> str:
    """The snippet of one word."""
    at = text.lower().find(word.lower())
    start, end = max(0, at - _AROUND), at + len(word) + _AROUND
    hit = f"{OPEN_MARK}{text[at : at + len(word)]}{CLOSE_MARK}"
    head = ("…" if start else "") + text[start:at]
    return head + hit + text[at + len(word) : end] + ("…" if end < len(text) else "")


def run_on(query: str) -> list[str]:
    """The user's words where the index does not know one of them as a word; else none."""
    words = [text for text, _ in _words(query)]
    return words if any(_RUN_ON.search(text) for text in words) else []


def holding(column: str, words: list[str]) -> tuple[str, dict[str, str]]:
    """SQL for a text in which all these stand, whatever is beside them, and its parameters."""
    named = {f"word{at}": word for at, word in enumerate(words)}
    return " AND ".join(f"instr(lower({column}), lower(:{name})) > 0" for name in named), named


def fts_expression(query: str) -> str | None:
    """The user's words as an FTS5 expression; ``None`` when there is no word in it."""
    return _expression(_words(query))


def _expression(words: list[tuple[str, bool]]) -> str | None:
    if not words:
        return None
    phrases = ['"' + text.replace('"', '""') + '"' for text, _ in words]
    last_is_bare = words[-1][1]
    return " ".join(phrases) + ("*" if last_is_bare else "")


def _words(query: str) -> list[tuple[str, bool]]:
    """Words and quoted phrases, each with whether it was a bare word."""
    clean = query.replace("\0", " ").encode("utf-8", "replace").decode()
    found: list[tuple[str, bool]] = []
    for match in _WORD.finditer(clean):
        text = (match[1] or match[2])[:_MAX_WORD]
        # What holds no letter or digit has no token; FTS5 would let it match nothing.
        if any(unicodedata.category(char)[0] in "LN" for char in text):
            found.append((text, match[1] is None))
        if len(found) == _MAX_WORDS:
            break
    return found


def _candidates(
    connection: sqlite3.Connection,
    expression: str,
    card_name: str | None,
    limit: int,
    by_chat: bool,
) -> list[int]:
    """Ids of the best matches, best first; what could have been said at the start is none."""
    matches = (
        "(SELECT turns_fts.rowid AS id, rank AS score FROM turns_fts "
        f"{_of_card(connection, card_name)} ORDER BY turns_fts.rowid DESC LIMIT {_CANDIDATES}) m"
    )
    # Beside min(), SQLite gives the id of the turn that has it.
    rows = connection.execute(
        f"SELECT m.id AS id, min(m.score) AS score FROM {matches} JOIN turns t ON t.id = m.id "
        f"WHERE {_PLAYED} GROUP BY {'t.chat_id' if by_chat else 't.id'} "
        "ORDER BY score, id DESC LIMIT :limit",
        {"query": expression, "card": card_name, "limit": limit},
    )
    return [int(turn_id) for turn_id, _ in rows]


def _of_card(connection: sqlite3.Connection, card_name: str | None) -> str:
    """The filter of a search: of a rare card list its turns, of a common one look each match up."""
    if card_name is None:
        return "WHERE turns_fts MATCH :query"
    of_card = "SELECT t.id FROM chats c CROSS JOIN turns t ON t.chat_id = c.id WHERE c.card_name"
    (many,) = connection.execute(
        f"SELECT count(*) FROM ({of_card} = ? LIMIT {_MANY})", (card_name,)
    ).fetchone()
    if many < _MANY:
        return f"WHERE turns_fts MATCH :query AND +turns_fts.rowid IN ({of_card} = :card)"
    return (
        "CROSS JOIN turns t ON t.id = turns_fts.rowid CROSS JOIN chats c ON c.id = t.chat_id "
        "WHERE turns_fts MATCH :query AND c.card_name = :card"
    )


def _snippets(connection: sqlite3.Connection, expression: str, ids: list[int]) -> dict[int, str]:
    """The snippets of some matches, by one run of the match.

    Asking for each turn alone would run it again each time, and a short beginning of a word has
    to merge thousands of words. The ``+`` keeps SQLite from doing just that.
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


def _load(connection: sqlite3.Connection, turn_id: int, snippet: str) -> SearchHit | None:
    row = connection.execute(
        f"SELECT {COUNTED_TURN}, c.title, {FIRST_SAID}, c.card_name "
        "FROM turns t JOIN chats c ON c.id = t.chat_id WHERE t.id = ?",
        (turn_id,),
    ).fetchone()
    if row is None:
        return None
    title, said, name = row[-3:]
    return SearchHit(to_turn(row), title or first_words(said) or name, snippet)
