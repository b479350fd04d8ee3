"""A chat's tree of turns, as functions on a connection.

Swipes and edits are siblings, a chat's leaf determines which branch is shown, and every turn
remembers which of its children was shown last. The caller owns the transaction.
"""

from __future__ import annotations

import sqlite3
from collections import Counter

from rpterm.store.errors import StoreError
from rpterm.store.row_conversion import COUNTED_TURN, TURN_COLUMNS, WINDOW_TURN, to_turn
from rpterm.types import Turn

_ANCESTORS_SQL = """
    WITH RECURSIVE up (id, parent_id, n) AS (
        SELECT id, parent_id, 1 FROM turns WHERE id = :leaf
        UNION ALL
        SELECT t.id, t.parent_id, up.n + 1 FROM up JOIN turns t ON t.id = up.parent_id
        WHERE up.n < :limit
    )
"""

DESCENDANTS_SQL = """
    WITH RECURSIVE below (id) AS (
        SELECT :top
        UNION ALL
        SELECT t.id FROM below JOIN turns t ON t.parent_id = below.id
    )
"""
"""SQL: the ids of a turn ``:top`` and its descendants."""

# Each step goes to the child shown last, or to the newest one.
_DESCEND_SQL = """
    WITH RECURSIVE down (id) AS (
        SELECT :top
        UNION ALL
        SELECT (
            SELECT c.id FROM turns p JOIN turns c ON c.parent_id = p.id
            WHERE p.id = down.id ORDER BY c.id = p.shown_child DESC, c.id DESC LIMIT 1
        ) AS next
        FROM down WHERE next IS NOT NULL
    )
"""

_NO_LIMIT = 2**62


def turn(connection: sqlite3.Connection, turn_id: int) -> Turn:
    """One turn.

    Raises:
        StoreError: There is no such turn.
    """
    row = connection.execute(
        f"SELECT {COUNTED_TURN} FROM turns t WHERE t.id = ?", (turn_id,)
    ).fetchone()
    if row is None:
        raise StoreError(f"There is no turn {turn_id} in this database; it may have been deleted.")
    return to_turn(row)


def path(connection: sqlite3.Connection, leaf_id: int, limit: int | None) -> list[Turn]:
    """The turns from the root to the leaf, or only the last ``limit`` of them."""
    rows = connection.execute(
        f"{_ANCESTORS_SQL} SELECT {COUNTED_TURN} FROM up JOIN turns t ON t.id = up.id "
        "ORDER BY up.n DESC",
        {"leaf": leaf_id, "limit": _NO_LIMIT if limit is None else limit},
    )
    return [to_turn(row) for row in rows]


def path_ids(connection: sqlite3.Connection, leaf_id: int) -> list[int]:
    """The ids of the complete path, root first."""
    rows = connection.execute(
        f"{_ANCESTORS_SQL} SELECT id FROM up ORDER BY n DESC", {"leaf": leaf_id, "limit": _NO_LIMIT}
    )
    return [turn_id for (turn_id,) in rows]


def siblings(connection: sqlite3.Connection, of: Turn) -> list[Turn]:
    """A turn and its siblings, oldest first."""
    rows = connection.execute(
        f"SELECT {WINDOW_TURN} FROM turns t WHERE t.parent_id IS ? AND t.chat_id = ? ORDER BY t.id",
        (of.parent_id, of.chat_id),
    )
    return [to_turn(row) for row in rows]


def all_turns(connection: sqlite3.Connection, chat_id: int) -> list[Turn]:
    """Every turn of a chat, oldest first."""
    rows = connection.execute(
        f"SELECT {TURN_COLUMNS} FROM turns t WHERE t.chat_id = ? ORDER BY t.id", (chat_id,)
    ).fetchall()
    # Counting here takes a tenth of the time of SQLite's window functions for a complete chat.
    parents = [row[2] for row in rows]
    siblings_of, seen = Counter(parents), Counter[int | None]()
    turns = []
    for row, parent in zip(rows, parents, strict=True):
        seen[parent] += 1
        turns.append(to_turn((*row, seen[parent], siblings_of[parent])))
    return turns


def descend(connection: sqlite3.Connection, top: int) -> int:
    """The leaf below a turn: at each fork the child shown last, or the newest."""
    # Children are always newer than their parents, so the largest id is the deepest turn.
    (leaf,) = connection.execute(
        f"{_DESCEND_SQL} SELECT max(id) FROM down", {"top": top}
    ).fetchone()
    return int(leaf)


def show(connection: sqlite3.Connection, chat_id: int, leaf_id: int | None) -> None:
    """Make a turn the chat's leaf, and remember the path to it at every fork."""
    connection.execute("UPDATE chats SET leaf_id = ? WHERE id = ?", (leaf_id, chat_id))
    if leaf_id is not None:
        connection.execute(
            f"{_ANCESTORS_SQL} UPDATE turns SET shown_child = up.id FROM up "
            "WHERE turns.id = up.parent_id AND turns.shown_child IS NOT up.id",
            {"leaf": leaf_id, "limit": _NO_LIMIT},
        )


def show_child(connection: sqlite3.Connection, chat_id: int, turn_id: int, parent_id: int) -> None:
    """``show`` for a turn added below the current leaf, whose path is remembered already."""
    connection.execute("UPDATE chats SET leaf_id = ? WHERE id = ?", (turn_id, chat_id))
    connection.execute("UPDATE turns SET shown_child = ? WHERE id = ?", (turn_id, parent_id))


def delete(connection: sqlite3.Connection, top: Turn) -> int | None:
    """Delete a turn and its descendants; return the chat's leaf afterwards.

    If the branch shown went through the turn, the nearest sibling takes its place (the one before
    it, else the one after it); if there is none, the parent becomes the leaf.
    """
    (leaf,) = connection.execute(
        "SELECT leaf_id FROM chats WHERE id = ?", (top.chat_id,)
    ).fetchone()
    shown = leaf is not None and top.id in path_ids(connection, leaf)
    sibling = nearest_sibling(connection, top) if shown else None
    connection.execute(
        f"{DESCENDANTS_SQL} DELETE FROM turns WHERE id IN (SELECT id FROM below)", {"top": top.id}
    )
    if not shown:
        return None if leaf is None else int(leaf)
    new_leaf = top.parent_id if sibling is None else descend(connection, sibling)
    show(connection, top.chat_id, new_leaf)
    return new_leaf


def nearest_sibling(connection: sqlite3.Connection, of: Turn) -> int | None:
    """The sibling before a turn, else the one after it. The turn may be deleted already."""
    row = connection.execute(
        "SELECT id FROM turns WHERE parent_id IS ? AND chat_id = ? AND id <> ? "
        "ORDER BY id > ?, abs(id - ?) LIMIT 1",
        (of.parent_id, of.chat_id, of.id, of.id, of.id),
    ).fetchone()
    return None if row is None else int(row[0])
