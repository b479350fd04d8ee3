"""Imports a chat in batches, so that other programs can write in between: all of it or nothing.

Until the import is complete, a flag that names the importing store hides the chat. If the import
fails, the chat is deleted; if its process dies, by the next program that opens the database.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import TypeVar

from rpterm.store import chats
from rpterm.store.database.process_locks import is_alive
from rpterm.store.errors import StoreError
from rpterm.store.store import Store
from rpterm.types import Chat, Generation, Turn

T = TypeVar("T")
InsertTurn = Callable[[Turn, Generation | None], int]
"""Inserts a turn and how it was generated; returns the turn's new id."""

_MAX_LOCK_S = 0.25
_PAUSE_S = 0.1
"""At least as long as SQLite waits between two attempts to get the write lock."""


@contextmanager
def hidden_chat(store: Store, chat: Chat) -> Iterator[int]:
    """Store a new chat and yield its id; it appears when the block ends without an error."""
    # On a file system without locks, others would take the import for dead: one transaction then.
    has_locks = is_alive(store.file, store.owner.token)
    with nullcontext() if has_locks else store.connections.write():
        with store.connections.write() as connection:
            chat_id = chats.insert(connection, chat).id
            store.set_flag(chats.import_key(chat_id), store.owner.token)
        try:
            yield chat_id
            store.delete_flag(chats.import_key(chat_id))
        except BaseException:
            with suppress(StoreError):
                store.delete_chat(chat_id)
            raise


def write_in_batches(
    store: Store, items: Iterable[T], write: Callable[[InsertTurn, T], object]
) -> None:
    """Call ``write`` with each item, in short transactions with pauses in between."""
    remaining = iter(items)
    while True:
        with store.connections.write() as connection:
            end = time.monotonic() + _MAX_LOCK_S
            insert = partial(_insert, connection)
            for item in remaining:
                write(insert, item)
                if time.monotonic() >= end:
                    break
            else:
                return
        time.sleep(_PAUSE_S)


def _insert(connection: sqlite3.Connection, turn: Turn, generation: Generation | None) -> int:
    turn_id = chats.insert_turn(connection, turn)
    if generation is not None:
        chats.put_generation(connection, turn_id, generation)
    return turn_id
