"""Deletes a single turn of a chat while the turns that follow it stay.

The children of the turn move to its parent, on every branch. Other versions of the turn stay where
they are, so a reply may have a user message among its siblings; branching from the middle of a
chat produces such siblings, too. Moving the children to another version instead would make them
answer words they were not written for.

The moved turns are marked as *lifted*: they were generated from a prompt that ended with the
deleted turn, and the branch above them no longer shows that prompt, so nobody may pair them with
their new siblings. What later turns still hold of the deleted words is removed, too: the stored
prompts, of which a digest remains to tell them apart, and scores that quote the deleted turn. The
caller owns the transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from rpterm.humanize import counted
from rpterm.store import tree
from rpterm.store.row_conversion import pack_ids, pack_text, prompt_digest, unpack_text
from rpterm.types import Turn

_QUOTES_TURN = '"source": "turn:'
"""Found in the JSON readings of scores that quote a turn of the chat; see ``Evidence``."""


@dataclass(frozen=True, slots=True)
class FollowingTurns:
    """Counts of what follows a turn, for the question before it is deleted.

    Attributes:
        turns: Its descendants on all branches.
        branches: How many branches go through the turn; 1 if nothing or a single line follows.
        versions: Other versions (siblings) of the turn.
        first: Whether the turn is a root of the chat.
    """

    turns: int
    branches: int
    versions: int
    first: bool

    def describe(self) -> str:
        """What deleting only this turn means for the turns that follow; there must be some."""
        branches = f", on {self.branches} branches" if self.branches > 1 else ""
        follow = f"{counted(self.turns, 'turn')} {'follow' if self.turns > 1 else 'follows'} it"
        outcome = "will start the chat" if self.first else "will continue the turn before it"
        stay = " Its other versions stay." if self.versions else ""
        return f"{follow}{branches}. If you delete only this turn, what follows {outcome}.{stay}"


def following_turns(connection: sqlite3.Connection, turn_id: int) -> FollowingTurns:
    """What follows a turn; raises ``StoreError`` when the turn does not exist."""
    turn = tree.turn(connection, turn_id)
    turns, leaves = connection.execute(
        f"{tree.DESCENDANTS_SQL} SELECT count(*) - 1, "
        "sum(NOT EXISTS (SELECT 1 FROM turns c WHERE c.parent_id = below.id)) FROM below",
        {"top": turn_id},
    ).fetchone()
    return FollowingTurns(turns, leaves, turn.swipes - 1, turn.parent_id is None)


def delete_only(connection: sqlite3.Connection, turn: Turn) -> int | None:
    """Delete only this turn; return the chat's leaf afterwards.

    The branch shown stays the same without the turn. If the turn was its leaf, its parent becomes
    the leaf; a root is replaced by another root.
    """
    _remove_prompts(connection, turn)
    _remove_scores(connection, turn)
    (leaf,) = connection.execute(
        "SELECT leaf_id FROM chats WHERE id = ?", (turn.chat_id,)
    ).fetchone()
    shown = leaf is not None and turn.id in tree.path_ids(connection, leaf)
    connection.execute(
        "UPDATE turns SET shown_child = (SELECT shown_child FROM turns WHERE id = :id) "
        "WHERE id = :parent AND shown_child = :id",
        {"id": turn.id, "parent": turn.parent_id},
    )
    connection.execute(
        "UPDATE turns SET parent_id = ?, lifted = 1 WHERE parent_id = ?", (turn.parent_id, turn.id)
    )
    connection.execute("DELETE FROM turns WHERE id = ?", (turn.id,))
    if not shown:
        return None if leaf is None else int(leaf)
    new_leaf = int(leaf) if leaf != turn.id else _leaf_without(connection, turn)
    tree.show(connection, turn.chat_id, new_leaf)
    return new_leaf


def _leaf_without(connection: sqlite3.Connection, turn: Turn) -> int | None:
    """The leaf of the branch shown after its last turn was deleted."""
    if turn.parent_id is not None:
        return turn.parent_id
    sibling = tree.nearest_sibling(connection, turn)
    return None if sibling is None else tree.descend(connection, sibling)


def _remove_prompts(connection: sqlite3.Connection, turn: Turn) -> None:
    """Remove stored prompts of later replies that contain the words of a turn."""
    words = turn.text.strip()
    if not words:
        return
    for turn_id, ids, text in list(_prompts_below(connection, turn.id)):
        if words in unpack_text(text):
            connection.execute(
                "UPDATE generations SET prompt_digest = ?, prompt_ids = ?, prompt_text = ? "
                "WHERE turn_id = ?",
                (prompt_digest(ids, text), pack_ids(()), pack_text(""), turn_id),
            )


def _prompts_below(
    connection: sqlite3.Connection, turn_id: int
) -> Iterator[tuple[int, bytes, bytes]]:
    yield from connection.execute(
        f"{tree.DESCENDANTS_SQL} SELECT g.turn_id, g.prompt_ids, g.prompt_text FROM below "
        "JOIN generations g ON g.turn_id = below.id WHERE below.id <> :top",
        {"top": turn_id},
    )


def _remove_scores(connection: sqlite3.Connection, turn: Turn) -> None:
    """Remove scores that depend on a turn: those of its children and those that quote the chat.

    They are computed again when they are shown.
    """
    connection.execute(
        f"{tree.DESCENDANTS_SQL} DELETE FROM scores WHERE turn_id IN (SELECT id FROM below) "
        "AND (instr(readings_json, :cites) OR turn_id IN "
        "(SELECT id FROM turns WHERE parent_id = :top))",
        {"top": turn.id, "cites": _QUOTES_TURN},
    )
