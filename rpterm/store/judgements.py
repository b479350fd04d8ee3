"""Stores judgements (thumbs, stars, flags, kept edits and swipes, duels) and export consent.

Rows are only added: a changed opinion is a second row, and a withdrawal is a row as well. A
judgement is deleted only with its turn or chat. This module does not know how judgements become
training data.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rpterm.store.errors import StoreError
from rpterm.store.judgement_records import (
    ME,
    Circumstances,
    Comparison,
    ComparisonKind,
    Rating,
    RatingKind,
    ReplyOrigin,
    Verdict,
)
from rpterm.store.row_conversion import prompt_digest, storable
from rpterm.store.store import Store
from rpterm.types import Turn

_RATING_COLUMNS = (
    "id, chat_id, turn_id, kind, value, dimensions_json, span_start, span_end, reason, rater, "
    "created_at, seconds, position, method, score"
)
_COMPARISON_COLUMNS = (
    "id, chat_id, left_id, right_id, kind, verdict, dimensions_json, reason, asked_again, rater, "
    "created_at, seconds, position, method"
)
_NOT_WITHDRAWN = "NOT EXISTS (SELECT 1 FROM withdrawals w WHERE w.judgement_id = j.id)"


class Judgements:
    """The judgements in one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._connections = store.connections

    # Judging -----------------------------------------------------------------------------------
    def thumb(
        self,
        turn: int,
        up: bool,
        *,
        dimensions: Mapping[str, int] | None = None,
        reason: str = "",
        how: Circumstances = Circumstances(),
    ) -> Rating:
        """Rate a reply as good or bad; a later thumb by the same rater takes precedence."""
        return self._rate("thumb", turn, int(up), _validated(dimensions), None, reason, how)

    def stars(
        self,
        turn: int,
        n: int,
        *,
        dimensions: Mapping[str, int] | None = None,
        reason: str = "",
        how: Circumstances = Circumstances(),
    ) -> Rating:
        """Rate a reply with one to five stars, optionally with stars for single dimensions.

        Raises:
            StoreError: A number is not between 1 and 5, or the turn is not a reply.
        """
        _validated({"stars": n})
        return self._rate("stars", turn, n, _validated(dimensions), None, reason, how)

    def flag(
        self,
        turn: int,
        span: tuple[int, int] | None,
        reason: str,
        *,
        how: Circumstances = Circumstances(),
    ) -> Rating:
        """Flag a problem with a reply, or with the characters ``span`` of its text.

        Raises:
            StoreError: The span is not inside the reply, or the turn is not a reply.
        """
        return self._rate("flag", turn, 0, {}, span, reason, how)

    def kept_edit(
        self, original: int, edited: int, *, how: Circumstances = Circumstances()
    ) -> Comparison:
        """Record that the user replaced a reply by an edited version."""
        return self._compare("edit", edited, original, "left", None, how)

    def kept_swipe(
        self,
        kept: int,
        seen: Sequence[int],
        *,
        how: Circumstances = Circumstances(),
    ) -> list[Comparison]:
        """Record that the user continued with one reply after seeing others to the same prompt."""
        others = [turn for turn in dict.fromkeys(seen) if turn != kept]
        with self._connections.write():
            return [self._compare("swipe", kept, other, "left", None, how) for other in others]

    def kept_by_score(self, turn: int) -> None:
        """Record that the score selected this reply among several; this is not a judgement."""
        self._connections.run("INSERT OR IGNORE INTO kept_by_score VALUES (?)", (turn,))

    def chosen_by_hand(self, turn: int) -> None:
        """Record that the user chose this reply, which overrides ``kept_by_score``."""
        self._connections.run(
            "DELETE FROM kept_by_score WHERE turn_id IN (SELECT s.id FROM turns t "
            "JOIN turns s ON s.chat_id = t.chat_id AND s.parent_id IS t.parent_id "
            "WHERE t.id = ?)",
            (turn,),
        )

    def is_kept_by_score(self, turn: int) -> bool:
        """Whether the score selected this reply and the user has not chosen one since."""
        query = "SELECT 1 FROM kept_by_score WHERE turn_id = ?"
        return self._connections.row(query, (turn,)) is not None

    def compare(
        self,
        left: int,
        right: int,
        verdict: Verdict,
        *,
        asked_again: int | None = None,
        how: Circumstances = Circumstances(method="duel"),
    ) -> Comparison:
        """Record the verdict of a blind duel.

        Args:
            left: The reply shown on the left.
            right: The reply shown on the right; it must answer the same turn.
            asked_again: The earlier comparison that this one repeats with swapped sides.

        Raises:
            StoreError: The two are not replies to the same turn.
        """
        return self._compare("duel", left, right, verdict, asked_again, how)

    def withdraw(self, judgement: int, chat: int, *, rater: str = ME) -> None:
        """Withdraw one judgement of a chat. Idempotent."""
        self._connections.run(
            "INSERT OR IGNORE INTO withdrawals (judgement_id, chat_id, rater, created_at) "
            "VALUES (?, ?, ?, ?)",
            (judgement, chat, rater, self.store.now()),
        )
        self._connections.judgements_version = object()

    # Consent -----------------------------------------------------------------------------------
    def consent(self, chat: int, exportable: bool, *, rater: str = ME) -> None:
        """Allow or forbid the export of a chat. Without consent nothing is exported."""
        self.store.chat(chat)
        self._connections.run(
            "INSERT INTO consents (chat_id, exportable, rater, created_at) VALUES (?, ?, ?, ?)",
            (chat, int(exportable), rater, self.store.now()),
        )

    def exportable(self, chat: int) -> bool:
        """Whether this chat may be exported: the latest consent counts."""
        query = "SELECT exportable FROM consents WHERE chat_id = ? ORDER BY id DESC LIMIT 1"
        row = self._connections.row(query, (chat,))
        return bool(row and row[0])

    # Reading -----------------------------------------------------------------------------------
    def chats(self) -> list[int]:
        """Ids of the chats with judgements, in ascending order."""
        query = "SELECT chat_id FROM ratings UNION SELECT chat_id FROM comparisons ORDER BY 1"
        return [chat_id for (chat_id,) in self._connections.rows(query)]

    def personas(self) -> list[str]:
        """Names of the users' personas in the chats with judgements."""
        rows = self._connections.rows(
            "SELECT DISTINCT persona_name FROM chats WHERE id IN "
            "(SELECT chat_id FROM ratings UNION SELECT chat_id FROM comparisons) ORDER BY 1"
        )
        return [name for (name,) in rows]

    def ratings(self, chat: int | None = None) -> Iterator[Rating]:
        """Ratings that were not withdrawn, oldest first."""
        for row in self._select_valid("ratings", _RATING_COLUMNS, chat):
            span = None if row[6] is None else (row[6], row[7])
            how = Circumstances(row[9], row[11], row[12], row[13], row[14])
            values = (*row[:5], how, row[10], _loads(row[5]), span, row[8])
            yield Rating(*values)

    def comparisons(self, chat: int | None = None) -> Iterator[Comparison]:
        """Comparisons that were not withdrawn, oldest first."""
        for row in self._select_valid("comparisons", _COMPARISON_COLUMNS, chat):
            how = Circumstances(row[9], row[11], row[12], row[13])
            values = (*row[:6], how, row[10], _loads(row[6]), row[7], row[8])
            yield Comparison(*values)

    def origins(self, chat: int) -> dict[int, ReplyOrigin]:
        """The provenance of the generated replies of a chat, by turn."""
        with self._connections.read() as connection:
            rows = connection.execute(
                "SELECT g.turn_id, g.model, g.model_hash, g.adapter_hash, g.template_hash, "
                # In a batch, each reply has a seed of its own.
                "coalesce(json_extract(g.batch_seeds_json, '$[' || g.batch_index || ']'), "
                "json_extract(g.sampling_json, '$.seed')), "
                "json_extract(g.sampling_json, '$.temperature'), g.prompt_ids, g.prompt_text, "
                "g.prompt_digest FROM generations g JOIN turns t ON t.id = g.turn_id "
                "WHERE t.chat_id = ?",
                (chat,),
            )
            return {
                row[0]: ReplyOrigin(*(*row[1:7], row[9] or prompt_digest(row[7], row[8])))
                for row in rows
            }

    # -------------------------------------------------------------------------------------------
    def _select_valid(self, table: str, columns: str, chat: int | None) -> list[tuple[Any, ...]]:
        # Two statements: a combined one would read the complete table for every chat.
        where = "" if chat is None else "chat_id = :chat AND "
        query = f"SELECT {columns} FROM {table} j WHERE {where}{_NOT_WITHDRAWN} ORDER BY id"
        return self._connections.rows(query, {"chat": chat})

    def _rate(
        self,
        kind: RatingKind,
        turn_id: int,
        value: int,
        dimensions: Mapping[str, int],
        span: tuple[int, int] | None,
        reason: str,
        how: Circumstances,
    ) -> Rating:
        with self._connections.write() as connection:
            turn = self._get_reply(turn_id)
            if span is not None and not 0 <= span[0] < span[1] <= len(turn.text):
                raise StoreError(
                    f"Turn {turn_id} has {len(turn.text)} characters, so there is no part from "
                    f"{span[0]} to {span[1]}; mark a part of the reply."
                )
            judgement_id = _next_id(connection)
            now = self.store.now()
            start, end = span or (None, None)
            connection.execute(
                f"INSERT INTO ratings ({_RATING_COLUMNS}) VALUES ({', '.join('?' * 15)})",
                (judgement_id, turn.chat_id, turn_id, kind, value, _json(dimensions), start, end,
                 storable(reason), storable(how.rater), now, how.seconds, how.position,
                 how.method, how.score),
            )  # fmt: skip
        self._connections.judgements_version = object()
        return Rating(
            judgement_id, turn.chat_id, turn_id, kind, value, how, now, dict(dimensions), span,
            reason,
        )  # fmt: skip

    def _compare(
        self,
        kind: ComparisonKind,
        left_id: int,
        right_id: int,
        verdict: Verdict,
        asked_again: int | None,
        how: Circumstances,
    ) -> Comparison:
        with self._connections.write() as connection:
            left, right = self._get_reply(left_id), self._get_reply(right_id)
            if (left.chat_id, left.parent_id) != (right.chat_id, right.parent_id):
                raise StoreError(
                    f"Turns {left_id} and {right_id} do not answer the same turn, so they cannot "
                    "be compared; compare two versions of the same reply."
                )
            judgement_id = _next_id(connection)
            now = self.store.now()
            connection.execute(
                f"INSERT INTO comparisons ({_COMPARISON_COLUMNS}) VALUES ({', '.join('?' * 14)})",
                (judgement_id, left.chat_id, left_id, right_id, kind, verdict, "{}", "",
                 asked_again, storable(how.rater), now, how.seconds, how.position,
                 how.method),
            )  # fmt: skip
        return Comparison(
            judgement_id, left.chat_id, left_id, right_id, kind, verdict, how, now,
            asked_again=asked_again,
        )  # fmt: skip

    def _get_reply(self, turn_id: int) -> Turn:
        turn = self.store.turn(turn_id)
        if turn.role != "assistant":
            raise StoreError(f"Turn {turn_id} is not a reply; only replies can be judged.")
        return turn


def _next_id(connection: sqlite3.Connection) -> int:
    """The next id, from the sequence that ratings and comparisons share."""
    judgement_id = connection.execute("INSERT INTO judgement_ids DEFAULT VALUES").lastrowid
    connection.execute("DELETE FROM judgement_ids WHERE id < ?", (judgement_id,))
    assert judgement_id is not None
    return judgement_id


def _validated(stars: Mapping[str, int] | None) -> Mapping[str, int]:
    """The given stars, or an empty mapping.

    Raises:
        StoreError: A value is not between 1 and 5.
    """
    for name, value in (stars or {}).items():
        if not 1 <= value <= 5:
            raise StoreError(f"{name} is {value}, but it must be a number from 1 to 5.")
    return stars or {}


def _loads(values: str) -> dict[str, int]:
    # Skip the parser: nearly all are empty, and there may be a hundred thousand.
    return {} if values == "{}" else json.loads(values)


def _json(values: Mapping[str, int]) -> str:
    return json.dumps(dict(values), sort_keys=True, ensure_ascii=False)
