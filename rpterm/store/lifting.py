"""Taking one turn out of a chat while what follows it stays.

The children of the turn move to its parent, on every branch; other versions of it stay where they
are, so that a reply may have a message of the user among its siblings, as a branch from the middle
of a chat makes them, too. To put the children under another version instead would let them answer
words they were not said to.

What was moved is marked as *lifted*: it was made from a prompt that ended with the deleted turn,
and the branch above it no longer tells that prompt, so nobody may make a pair of it and its new
siblings. What the later turns still hold of the deleted words goes, too: the stored prompts, of
which a digest remains to tell them apart, and scores that cite what was said. Transactions belong
to the caller.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpterm.plural import counted
from rpterm.store import tree
from rpterm.store.connections import has_table
from rpterm.store.rows import pack_ids, prompt_digest
from rpterm.types import Turn

if TYPE_CHECKING:
    from rpterm.store.store import Store

_CITES = '"source": "turn:'
"""What the readings of a score hold where they quote a turn of the talk; see ``Evidence``."""


@dataclass(frozen=True, slots=True)
class Following:
    """What follows a turn.

    Attributes:
        turns: All of it, on every branch.
        branches: How many branches go through the turn; 1 where nothing or one line follows.
        versions: Other versions of the turn.
        first: Whether the chat begins with the turn.
    """

    turns: int
    branches: int
    versions: int
    first: bool

    def told(self) -> str:
        """What deleting the turn alone, or all of it, means for what follows; one that does."""
        lines = f", on {self.branches} branches" if self.branches > 1 else ""
        follow = f"{counted(self.turns, 'turn')} {'follow' if self.turns > 1 else 'follows'} it"
        on = "begins the chat" if self.first else "goes on from the turn before it"
        stay = " Its other versions stay." if self.versions else ""
        return f"{follow}{lines}. If only this turn goes, what follows {on}.{stay}"


def following(store: Store, turn_id: int) -> Following:
    """What follows a turn; ``StoreError`` when there is none."""
    with store.connections.read() as connection:
        found = tree.turn(connection, turn_id)
        turns, leaves = connection.execute(
            f"{tree.BELOW} SELECT count(*) - 1, "
            "sum(NOT EXISTS (SELECT 1 FROM turns c WHERE c.parent_id = below.id)) FROM below",
            {"top": turn_id},
        ).fetchone()
    return Following(turns, leaves, found.swipes - 1, found.parent_id is None)


def lift(connection: sqlite3.Connection, gone: Turn) -> int | None:
    """Delete a turn alone; return the chat's leaf afterwards.

    What is shown stays what it was without the turn. Where the turn itself was the end of what is
    shown, its parent is the end now; the first turn of a chat gives way to another first turn.
    """
    _forget_prompts(connection, gone)
    _forget_scores(connection, gone)
    (leaf,) = connection.execute(
        "SELECT leaf_id FROM chats WHERE id = ?", (gone.chat_id,)
    ).fetchone()
    shown = leaf is not None and gone.id in tree.path_ids(connection, leaf)
    connection.execute(
        "UPDATE turns SET shown_child = (SELECT shown_child FROM turns WHERE id = :id) "
        "WHERE id = :parent AND shown_child = :id",
        {"id": gone.id, "parent": gone.parent_id},
    )
    connection.execute(
        "UPDATE turns SET parent_id = ?, lifted = 1 WHERE parent_id = ?", (gone.parent_id, gone.id)
    )
    connection.execute("DELETE FROM turns WHERE id = ?", (gone.id,))
    if not shown:
        return None if leaf is None else int(leaf)
    new_leaf = int(leaf) if leaf != gone.id else _end(connection, gone)
    tree.show(connection, gone.chat_id, new_leaf)
    return new_leaf


def _end(connection: sqlite3.Connection, gone: Turn) -> int | None:
    """Where the branch shown ends, now that its last turn is gone."""
    if gone.parent_id is not None:
        return gone.parent_id
    heir = tree.nearest_sibling(connection, gone)
    return None if heir is None else tree.descend(connection, heir)


def _forget_prompts(connection: sqlite3.Connection, gone: Turn) -> None:
    """Take away the stored prompts of later replies that hold the words of a turn."""
    words = gone.text.strip()
    if not words:
        return
    for turn_id, ids, text in list(_prompts_below(connection, gone.id)):
        if words in zlib.decompress(text).decode("utf-8", "surrogatepass"):
            connection.execute(
                "UPDATE generations SET prompt_digest = ?, prompt_ids = ?, prompt_text = ? "
                "WHERE turn_id = ?",
                (prompt_digest(ids, text), pack_ids(()), zlib.compress(b""), turn_id),
            )


def _prompts_below(
    connection: sqlite3.Connection, turn_id: int
) -> Iterator[tuple[int, bytes, bytes]]:
    yield from connection.execute(
        f"{tree.BELOW} SELECT g.turn_id, g.prompt_ids, g.prompt_text FROM below "
        "JOIN generations g ON g.turn_id = below.id WHERE below.id <> :top",
        {"top": turn_id},
    )


def _forget_scores(connection: sqlite3.Connection, gone: Turn) -> None:
    """Take away scores that were measured against a turn: of its answers, and those that cite.

    They are measured again when they are shown.
    """
    if has_table(connection, "scores"):
        connection.execute(
            f"{tree.BELOW} DELETE FROM scores WHERE turn_id IN (SELECT id FROM below) AND "
            "(instr(readings_json, :cites) OR turn_id IN "
            "(SELECT id FROM turns WHERE parent_id = :top))",
            {"top": gone.id, "cites": _CITES},
        )
