"""Reads and writes the rows of chats and turns, as functions on a connection.

The caller owns the transaction.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from rpterm.store import tree
from rpterm.store.database.process_locks import is_alive
from rpterm.store.errors import StoreError
from rpterm.store.resumable_chat import IMPORT_PREFIX
from rpterm.store.row_conversion import (
    CHAT_COLUMNS,
    GENERATION_COLUMNS,
    from_generation,
    qmarks,
    storable,
    to_chat,
)
from rpterm.types import Chat, Generation, Turn


def get(connection: sqlite3.Connection, chat_id: int) -> Chat:
    """One chat.

    Raises:
        StoreError: There is no such chat.
    """
    row = connection.execute(
        f"SELECT {CHAT_COLUMNS} FROM chats c WHERE c.id = ?", (chat_id,)
    ).fetchone()
    if row is None:
        raise _missing_chat_error(chat_id)
    return to_chat(row)


def leaf(connection: sqlite3.Connection, chat_id: int) -> int | None:
    """The leaf of the branch shown; raises ``StoreError`` when the chat does not exist."""
    row = connection.execute("SELECT leaf_id FROM chats WHERE id = ?", (chat_id,)).fetchone()
    if row is None:
        raise _missing_chat_error(chat_id)
    return None if row[0] is None else int(row[0])


def check_turn(connection: sqlite3.Connection, chat_id: int, turn_id: int | None) -> None:
    """Raise ``StoreError`` unless the turn (if any) belongs to the chat."""
    if turn_id is not None and tree.turn(connection, turn_id).chat_id != chat_id:
        raise StoreError(f"Turn {turn_id} does not belong to chat {chat_id}. Open its chat first.")


def insert(connection: sqlite3.Connection, chat: Chat) -> Chat:
    """Store a new chat and return it with its new id."""
    cursor = connection.execute(
        "INSERT INTO chats (title, card_name, card_hash, card_path, persona_name, "
        "persona_description, note_text, note_depth, worlds_json, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*_setting_values(chat), chat.created_at, chat.updated_at),
    )
    return get(connection, cursor.lastrowid or 0)


def update(connection: sqlite3.Connection, chat: Chat) -> Chat:
    """Store the settings of a chat; its leaf and times are not changed."""
    connection.execute(
        "UPDATE chats SET title = ?, card_name = ?, card_hash = ?, card_path = ?, "
        "persona_name = ?, persona_description = ?, note_text = ?, note_depth = ?, "
        "worlds_json = ? WHERE id = ?",
        (*_setting_values(chat), chat.id),
    )
    return get(connection, chat.id)


def draft_key(chat_id: int) -> str:
    """Key of the flag that holds the user's unsent message; it is deleted with the chat."""
    return f"draft:{chat_id}"


def import_key(chat_id: int) -> str:
    """Key of the flag that hides a chat while it is imported; its value is the store's name."""
    return f"{IMPORT_PREFIX}{chat_id}"


def delete(connection: sqlite3.Connection, chat_id: int) -> None:
    """Delete a chat with all that belongs to it."""
    connection.execute("DELETE FROM turns WHERE chat_id = ?", (chat_id,))
    connection.execute("DELETE FROM chats WHERE id = ?", (chat_id,))
    keys = draft_key(chat_id), import_key(chat_id)
    connection.execute("DELETE FROM flags WHERE key IN (?, ?)", keys)


def abandoned_imports(connection: sqlite3.Connection, path: Path) -> list[int]:
    """Ids of the chats whose import ended with its process."""
    rows = connection.execute(
        "SELECT c.id, f.value FROM flags f JOIN chats c ON c.id = CAST(substr(f.key, ?) AS INTEGER)"
        f" WHERE f.key GLOB '{IMPORT_PREFIX}*'",
        (len(IMPORT_PREFIX) + 1,),
    ).fetchall()
    return [chat_id for chat_id, owner in rows if not is_alive(path, owner)]


def add_turn(
    connection: sqlite3.Connection, turn: Turn, owner: str | None, *, select: bool
) -> Turn:
    """Store a new turn and return it with its new id."""
    current_leaf = leaf(connection, turn.chat_id)
    check_turn(connection, turn.chat_id, turn.parent_id)
    check_turn(connection, turn.chat_id, turn.edited_from)
    turn_id = insert_turn(connection, turn, owner)
    touch(connection, turn.chat_id, turn.created_at)
    if select and turn.parent_id is not None and turn.parent_id == current_leaf:
        tree.show_child(connection, turn.chat_id, turn_id, turn.parent_id)
    elif select:
        tree.show(connection, turn.chat_id, turn_id)
    return tree.turn(connection, turn_id)


def insert_turn(connection: sqlite3.Connection, turn: Turn, owner: str | None = None) -> int:
    """Insert the row of a new turn and return its id; nothing else is checked or changed."""
    cursor = connection.execute(
        "INSERT INTO turns (chat_id, parent_id, role, speaker, text, origin, status, created_at, "
        "edited_from, hidden, lifted, thought, variables, owner) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            turn.chat_id, turn.parent_id, turn.role, storable(turn.speaker, "name"),
            storable(turn.text), turn.origin.value, turn.status.value, turn.created_at,
            turn.edited_from, turn.hidden, turn.lifted, storable(turn.thought, "thought"),
            storable(turn.variables, "variable"), owner,
        ),
    )  # fmt: skip
    return cursor.lastrowid or 0


def finish(connection: sqlite3.Connection, turn: Turn, generation: Generation | None) -> Turn:
    """Store the final state of a reply, and its provenance if given."""
    connection.execute(
        "UPDATE turns SET text = ?, status = ?, thought = ?, owner = NULL WHERE id = ?",
        (turn.text, turn.status.value, turn.thought, turn.id),
    )
    if generation is not None:
        put_generation(connection, turn.id, generation)
    return turn


def put_generation(connection: sqlite3.Connection, turn_id: int, generation: Generation) -> None:
    """Store the provenance of a reply."""
    values = (turn_id, *from_generation(generation))
    connection.execute(
        f"INSERT OR REPLACE INTO generations (turn_id, {GENERATION_COLUMNS}) "
        f"VALUES ({qmarks(values)})",
        values,
    )


def touch(connection: sqlite3.Connection, chat_id: int, now: float) -> None:
    """Set the time of the last activity in a chat."""
    connection.execute("UPDATE chats SET updated_at = ? WHERE id = ?", (now, chat_id))


def _setting_values(chat: Chat) -> tuple[str | int | None, ...]:
    return (
        storable(chat.title, "title"),
        storable(chat.card_name, "name"),
        storable(chat.card_hash, "hash"),
        None if chat.card_path is None else storable(chat.card_path, "path"),
        storable(chat.persona.name, "name"),
        storable(chat.persona.description, "description"),
        storable(chat.note.text, "note"),
        chat.note.depth,
        json.dumps([storable(name, "name") for name in chat.worlds]),
    )


def _missing_chat_error(chat_id: int) -> StoreError:
    return StoreError(
        f"There is no chat {chat_id} in this database; `rpterm chats` lists all chats."
    )
