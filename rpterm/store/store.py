"""The Store: every chat on this machine, in one SQLite file.

Any number of stores, in any number of threads and processes, may have the same file open. Every
method is one transaction: once it has returned, its change survives a kill of the process. Only
the text of a reply that is still streaming is ever overwritten. The store knows nothing about
models, card formats or the UI.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rpterm.store import chats, search, tree, turn_removal
from rpterm.store.database import backup, file_setup, secure_erase
from rpterm.store.database.connections import Connections
from rpterm.store.database.process_locks import Owner
from rpterm.store.errors import StoreError
from rpterm.store.personas_and_flags import PersonasAndFlags
from rpterm.store.resumable_chat import IS_HIDDEN
from rpterm.store.row_conversion import (
    CHAT_COLUMNS,
    GENERATION_COLUMNS,
    storable,
    to_chat,
    to_generation,
    unpack_text,
)
from rpterm.store.schema.table_groups import prepare
from rpterm.store.search import SearchHit
from rpterm.store.turn_removal import FollowingTurns
from rpterm.types import AuthorNote, Chat, Generation, Origin, Persona, Role, Status, Turn


class Store(PersonasAndFlags):
    """An open database file."""

    file: Path
    """The database file. (``path`` is the method that reads a branch.)"""
    connections: Connections
    """One connection per thread, shared with the classes for the file's other tables."""
    owner: Owner
    """The identity under which this store streams replies."""

    def __init__(
        self,
        path: Path,
        *,
        busy_timeout: float = 15.0,
        clock: Callable[[], float] = time.time,
        allow_read_only: bool = False,
    ) -> None:
        """Open or create the file, migrate it, check its health, and end streams left by a crash.

        Args:
            busy_timeout: Seconds to wait while another process writes.
            clock: Returns the time in Unix seconds.
            allow_read_only: Accept a file that can only be read; a write is an error then.

        Raises:
            StoreError: The file cannot be used; the message says why and what to do.
        """
        self.file = path
        self._clock = clock
        self.owner = Owner(path)
        read_only = allow_read_only and file_setup.is_read_only(path)
        if not read_only:
            file_setup.create_file(path)
        self.connections = Connections(path, busy_timeout, read_only=read_only)
        self._scrubber = secure_erase.Scrubber(self.connections, path)
        try:
            with self.connections.read() as connection:
                prepare(connection, path)
            if not read_only:
                self._recover()
        except BaseException:
            self.connections.close()
            raise

    def _recover(self) -> None:
        with self.connections.read() as connection:
            file_setup.check_health(connection, self.file)
            file_setup.mark_dead_streams_partial(connection, self.file)
            scrub_due = bool(secure_erase.pending_scrubs(connection))
            abandoned = chats.abandoned_imports(connection, self.file)
        for each in abandoned:
            self.delete_chat(each)
        if scrub_due:
            self._scrubber.run()

    def now(self) -> float:
        """The time in Unix seconds, by the clock that dates what is stored."""
        return self._clock()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store in all threads; replies it still streams become partial. Idempotent."""
        if self.connections.closed:
            return
        try:
            if self.owner.has_streamed:
                self.connections.run(
                    "UPDATE turns SET status = 'partial', owner = NULL "
                    "WHERE status = 'streaming' AND owner = ?",
                    (self.owner.token,),
                )
            self._scrubber.finish()
        finally:
            self.owner.release()
            self.connections.close()

    # Cards -------------------------------------------------------------------------------------
    def put_card(self, name: str, toml: str) -> str:
        """Store a version of a card once and return the SHA-256 of its text in hex."""
        toml = storable(toml, "card")
        digest = hashlib.sha256(toml.encode()).hexdigest()
        self.connections.run(
            "INSERT OR IGNORE INTO cards (hash, name, toml, created_at) VALUES (?, ?, ?, ?)",
            (digest, storable(name, "name"), toml, self._clock()),
        )
        return digest

    def get_card(self, card_hash: str) -> str | None:
        """The TOML text of a stored card version, or ``None``."""
        digest = storable(card_hash, "hash")
        row = self.connections.row("SELECT toml FROM cards WHERE hash = ?", (digest,))
        return None if row is None else str(row[0])

    # Chats -------------------------------------------------------------------------------------
    def create_chat(
        self,
        *,
        card_name: str,
        card_hash: str,
        card_path: str | None = None,
        title: str = "",
        persona: Persona = Persona(),  # noqa: B008 - frozen
        note: AuthorNote = AuthorNote(),  # noqa: B008 - frozen
        created_at: float | None = None,
    ) -> Chat:
        """Create an empty chat; ``created_at`` is in Unix seconds and defaults to now."""
        now = self._clock() if created_at is None else created_at
        chat = Chat(
            id=0,
            title=title,
            card_name=card_name,
            card_hash=card_hash,
            card_path=card_path,
            persona=persona,
            note=note,
            created_at=now,
            updated_at=now,
        )
        with self.connections.write() as connection:
            return chats.insert(connection, chat)

    def chat(self, chat_id: int) -> Chat:
        """One chat.

        Raises:
            StoreError: There is no such chat.
        """
        with self.connections.read() as connection:
            return chats.get(connection, chat_id)

    def chats(self, *, card_name: str | None = None, limit: int | None = None) -> list[Chat]:
        """All chats, or the first ``limit``, most recently used first."""
        where = f"NOT {IS_HIDDEN.format('c.id')}"
        if card_name is not None:
            where += " AND c.card_name = :card"
        rows = self.connections.rows(
            f"SELECT {CHAT_COLUMNS} FROM chats c WHERE {where} "
            "ORDER BY c.updated_at DESC, c.id DESC LIMIT :limit",
            {"card": card_name, "limit": -1 if limit is None else limit},
        )
        return [to_chat(row) for row in rows]

    def update_chat(
        self,
        chat_id: int,
        *,
        title: str | None = None,
        persona: Persona | None = None,
        note: AuthorNote | None = None,
        card_hash: str | None = None,
        card_path: str | None = None,
        worlds: tuple[str, ...] | None = None,
    ) -> Chat:
        """Change the arguments that are not ``None``; the chat's place in the list stays."""
        changes = {
            "title": title if title is None else title.strip(),
            "persona": persona,
            "note": note,
            "card_hash": card_hash,
            "card_path": card_path,
            "worlds": worlds,
        }
        changed: dict[str, Any] = {name: new for name, new in changes.items() if new is not None}
        with self.connections.write() as connection:
            return chats.update(connection, replace(chats.get(connection, chat_id), **changed))

    def delete_chat(self, chat_id: int) -> None:
        """Delete a chat with all its turns permanently: their bytes are erased from the file."""
        with self.connections.write() as connection:
            chats.get(connection, chat_id)
            chats.delete(connection, chat_id)
            secure_erase.request_scrub(connection)
        self.connections.judgements_version = object()
        self._scrubber.run()

    def search(
        self, query: str, *, card_name: str | None = None, limit: int = 50, by_chat: bool = False
    ) -> list[SearchHit]:
        """Turns of any branch that contain all these words, or one per chat; see ``search``."""
        with self.connections.read() as connection:
            return search.search(connection, query, card_name, limit, by_chat)

    # Turns -------------------------------------------------------------------------------------
    def add_turn(
        self,
        chat_id: int,
        parent_id: int | None,
        role: Role,
        speaker: str,
        text: str,
        *,
        origin: Origin,
        status: Status = Status.COMPLETE,
        edited_from: int | None = None,
        select: bool = True,
        created_at: float | None = None,
        variables: str = "",
    ) -> Turn:
        """Add a turn below another one (or as a root) and select it unless ``select`` is false.

        Args:
            created_at: Time of the turn in Unix seconds; ``None`` means now.
        """
        owner = self.owner.token if status is Status.STREAMING else None
        turn = Turn(
            id=0,
            chat_id=chat_id,
            parent_id=parent_id,
            role=role,
            speaker=speaker,
            text=text,
            origin=origin,
            status=status,
            created_at=self._clock() if created_at is None else created_at,
            edited_from=edited_from,
            variables=variables,
        )
        with self.connections.write() as connection:
            return chats.add_turn(connection, turn, owner, select=select)

    def write_reply(self, turn_id: int, text: str) -> None:
        """Replace the text of a streaming turn, in one small write.

        Raises:
            StoreError: The turn is gone, or it is finished.
        """
        text = storable(text, "reply")
        growing = "UPDATE turns SET text = ? WHERE id = ? AND status = 'streaming'"
        if self.connections.run(growing, (text, turn_id)):
            return
        with self.connections.write() as connection:
            self._require_writable(connection, turn_id)
            connection.execute(
                "UPDATE turns SET status = 'streaming', text = ? WHERE id = ?", (text, turn_id)
            )

    def finish_reply(
        self,
        turn_id: int,
        text: str,
        status: Status,
        generation: Generation | None,
        thought: str = "",
    ) -> Turn:
        """Store a streaming turn's final text, status, provenance and reasoning.

        Raises:
            StoreError: The turn is gone, or it is finished.
        """
        if status is Status.STREAMING:
            raise ValueError("a reply cannot be finished and streaming")
        text = storable(text, "reply")
        with self.connections.write() as connection:
            turn = self._require_writable(connection, turn_id)
            chats.touch(connection, turn.chat_id, self._clock())
            turn = replace(turn, text=text, status=status, thought=storable(thought, "thought"))
            return chats.finish(connection, turn, generation)

    def turn(self, turn_id: int) -> Turn:
        """One turn; raises ``StoreError`` when it does not exist."""
        with self.connections.read() as connection:
            return tree.turn(connection, turn_id)

    def following_turns(self, turn_id: int) -> FollowingTurns:
        """What follows a turn, and would be deleted with it."""
        with self.connections.read() as connection:
            return turn_removal.following_turns(connection, turn_id)

    def path(self, leaf_id: int, limit: int | None = None) -> list[Turn]:
        """The turns from the root down to a turn, or only the last ``limit`` of them."""
        with self.connections.read() as connection:
            return tree.path(connection, leaf_id, limit)

    def siblings(self, turn_id: int) -> list[Turn]:
        """A turn and its siblings, oldest first. The siblings of a root are the chat's roots."""
        with self.connections.read() as connection:
            return tree.siblings(connection, tree.turn(connection, turn_id))

    def select(self, chat_id: int, turn_id: int) -> Turn:
        """Show the branch through a turn, down to the leaf last shown below it; return the leaf."""
        with self.connections.write() as connection:
            chats.check_turn(connection, chat_id, turn_id)
            leaf_id = tree.descend(connection, turn_id)
            tree.show(connection, chat_id, leaf_id)
            return tree.turn(connection, leaf_id)

    def set_leaf(self, chat_id: int, turn_id: int | None) -> None:
        """Make a turn the leaf of the branch shown; ``None`` shows an empty chat."""
        with self.connections.write() as connection:
            chats.leaf(connection, chat_id)
            chats.check_turn(connection, chat_id, turn_id)
            tree.show(connection, chat_id, turn_id)

    def tree(self, chat_id: int) -> list[Turn]:
        """Every turn of a chat, oldest first."""
        with self.connections.read() as connection:
            return tree.all_turns(connection, chat_id)

    def hide(self, turn_id: int, hidden: bool = True) -> Turn:
        """Hide a turn from the model, or unhide it."""
        with self.connections.write() as connection:
            connection.execute("UPDATE turns SET hidden = ? WHERE id = ?", (hidden, turn_id))
            return tree.turn(connection, turn_id)

    def delete_turn(self, turn_id: int, *, alone: bool = False) -> int | None:
        """Delete a turn and its descendants permanently; return the chat's leaf afterwards.

        If the deleted turn was on the branch shown, its nearest sibling is shown instead, or its
        parent. ``alone`` keeps the descendants; see ``turn_removal``.
        """
        with self.connections.write() as connection:
            top = tree.turn(connection, turn_id)
            # A reply cancelled before its first word leaves no text to erase.
            has_text = top.text or top.thought or tree.descend(connection, turn_id) != turn_id
            leaf = (
                turn_removal.delete_only(connection, top) if alone else tree.delete(connection, top)
            )
            if has_text:
                secure_erase.request_scrub(connection)
        self.connections.judgements_version = object()
        if has_text:
            self._scrubber.run()
        return leaf

    def generation(self, turn_id: int) -> Generation | None:
        """The provenance of a reply, or ``None`` if it was not generated."""
        query = f"SELECT {GENERATION_COLUMNS} FROM generations WHERE turn_id = ?"
        row = self.connections.row(query, (turn_id,))
        return None if row is None else to_generation(row)

    def prompt_text(self, turn_id: int) -> str:
        """The prompt that a reply was generated from, as text; "" if it was not generated."""
        query = "SELECT prompt_text FROM generations WHERE turn_id = ?"
        row = self.connections.row(query, (turn_id,))
        return "" if row is None else unpack_text(row[0])

    def backup(self, to: Path) -> None:
        """Copy the current state of the database into one new file.

        Raises:
            StoreError: ``to`` exists already or cannot be written.
        """
        with self.connections.read() as connection:
            backup.backup(connection, to)

    def _require_writable(self, connection: sqlite3.Connection, turn_id: int) -> Turn:
        """The turn, if this store may write a reply into it."""
        turn = tree.turn(connection, turn_id)
        if turn.status is Status.STREAMING:
            return turn
        # The turn is ours, but another process took us for dead: see ``Owner.token``.
        query = "SELECT owner FROM turns WHERE id = ?"
        if self.owner.owns(connection.execute(query, (turn_id,)).fetchone()[0]):
            return turn
        raise StoreError(f"Turn {turn_id} is finished already; regenerate it for another reply.")
