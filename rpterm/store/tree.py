"""The tree of turns of a chat, as functions on a connection.

Replies form a tree: swipes and edits are siblings, a chat's leaf says which branch is shown, and
every turn remembers which of its children was shown last. Transactions belong to the caller.
"""

from __future__ import annotations

import sqlite3
from collections import Counter

from rpterm.store.errors import StoreError
from rpterm.store.rows import COUNTED_TURN, TURN_COLUMNS, WINDOW_TURN, to_turn
from rpterm.types import Turn

_UP = """
    WITH RECURSIVE up (id, parent_id, n) AS (
        SELECT id, parent_id, 1 FROM turns WHERE id = :leaf
        UNION ALL
        SELECT t.id, t.parent_id, up.n + 1 FROM up JOIN turns t ON t.id = up.parent_id
        WHERE up.n < :limit
    )
"""

BELOW = """
    WITH RECURSIVE below (id) AS (
        SELECT :top
        UNION ALL
        SELECT t.id FROM below JOIN turns t ON t.parent_id = below.id
    )
"""
"""The ids of a turn ``:top`` and of all below it."""

# One step down goes to the child shown last, or else to the newest one.
_DOWN = """
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
        f"{_UP} SELECT {COUNTED_TURN} FROM up JOIN turns t ON t.id = up.id ORDER BY up.n DESC",
        {"leaf": leaf_id, "limit": _NO_LIMIT if limit is None else limit},
    )
    return [to_turn(row) for row in rows]


def path_ids(connection: sqlite3.Connection, leaf_id: int) -> list[int]:
    """The ids of a whole path, root first."""
    rows = connection.execute(
        f"{_UP} SELECT id FROM up ORDER BY n DESC", {"leaf": leaf_id, "limit": _NO_LIMIT}
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
    # Counted here: for a whole chat that takes a tenth of the database's own window functions.
    parents = [row[2] for row in rows]
    many, seen = Counter(parents), Counter[int | None]()
    done = []
    for row, parent in zip(rows, parents, strict=True):
        seen[parent] += 1
        done.append(to_turn((*row, seen[parent], many[parent])))
    return done


def descend(connection: sqlite3.Connection, top: int) -> int:
    """The leaf below a turn that was shown last; where none was, the newest at each fork."""
    # Children are always younger than their parents, so the largest id is the lowest turn.
    (leaf,) = connection.execute(f"{_DOWN} SELECT max(id) FROM down", {"top": top}).fetchone()
    return int(leaf)


def show(connection: sqlite3.Connection, chat_id: int, leaf_id: int | None) -> None:
    """Make a turn the chat's leaf, and remember the way to it at every fork."""
    connection.execute("UPDATE chats SET leaf_id = ? WHERE id = ?", (leaf_id, chat_id))
    if leaf_id is not None:
        connection.execute(
            f"{_UP} UPDATE turns SET shown_child = up.id FROM up "
            "WHERE turns.id = up.parent_id AND turns.shown_child IS NOT up.id",
            {"leaf": leaf_id, "limit": _NO_LIMIT},
        )


def follow(connection: sqlite3.Connection, chat_id: int, turn_id: int, parent_id: int) -> None:
    """``show`` for a turn put under the present leaf: the way down to there is known already."""
    connection.execute("UPDATE chats SET leaf_id = ? WHERE id = ?", (turn_id, chat_id))
    connection.execute("UPDATE turns SET shown_child = ? WHERE id = ?", (turn_id, parent_id))


def delete(connection: sqlite3.Connection, top: Turn) -> int | None:
    """Delete a turn and all below it; return the chat's leaf afterwards.

    Where the shown branch went through the turn, the nearest sibling takes its place (the one
    before it, else the one after), and where there is none, the parent becomes the leaf.
    """
    (leaf,) = connection.execute(
        "SELECT leaf_id FROM chats WHERE id = ?", (top.chat_id,)
    ).fetchone()
    shown = leaf is not None and top.id in path_ids(connection, leaf)
    heir = nearest_sibling(connection, top) if shown else None
    connection.execute(
        f"{BELOW} DELETE FROM turns WHERE id IN (SELECT id FROM below)", {"top": top.id}
    )
    if not shown:
        return None if leaf is None else int(leaf)
    new_leaf = top.parent_id if heir is None else descend(connection, heir)
    show(connection, top.chat_id, new_leaf)
    return new_leaf


def nearest_sibling(connection: sqlite3.Connection, of: Turn) -> int | None:
    """The sibling before a turn, else the one after it; of one that is gone, too."""
    row = connection.execute(
        "SELECT id FROM turns WHERE parent_id IS ? AND chat_id = ? AND id <> ? "
        "ORDER BY id > ?, abs(id - ?) LIMIT 1",
        (of.parent_id, of.chat_id, of.id, of.id, of.id),
    ).fetchone()
    return None if row is None else int(row[0])
