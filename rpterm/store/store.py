"""The Store: every chat on this machine, in one SQLite file.

Any number of stores, in any number of threads and processes, may have one file open. Every method
is one transaction: when it returns, its change survives a kill of the process. Nothing is ever
overwritten but a reply that is still streaming. The store knows no model, no card format and no UI.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rpterm.store import backup, chats, erase, lifting, search, tree
from rpterm.store.connections import Connections
from rpterm.store.errors import StoreError
from rpterm.store.liveness import Owner
from rpterm.store.opening import make_place, open_file, repair_streaming
from rpterm.store.rows import CHAT_COLUMNS, GENERATION_COLUMNS, storable, to_chat, to_generation
from rpterm.store.search import SearchHit
from rpterm.store.small import Small
from rpterm.types import AuthorNote, Chat, Generation, Origin, Persona, Role, Status, Turn


class Store(Small):
    """One database file, opened."""

    file: Path
    """The database file; ``path`` is the method that reads a branch."""
    connections: Connections
    """One for each thread, for the other tables of the file: each has a class of its own here."""
    owner: Owner
    """The name under which this store streams."""

    def __init__(
        self,
        path: Path,
        *,
        busy_timeout: float = 15.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open or make the file, migrate it, look at its health, and end what a crash left open.

        Args:
            busy_timeout: Seconds to wait for another process that writes.
            clock: Gives Unix seconds.

        Raises:
            StoreError: The file cannot be used; the text says why and what to do.
        """
        self.file = path
        self._clock = clock
        self.owner = Owner(path)
        make_place(path)
        self.connections = Connections(path, busy_timeout)
        try:
            with self.connections.read() as connection:
                open_file(connection, path)
                repair_streaming(connection, path)
                left_over = erase.due(connection) is not None
            self._scrubber = erase.Scrubber(self.connections, path)
            if left_over:
                self._scrubber.run()
        except BaseException:
            self.connections.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End this store in all threads; what it still streams becomes partial. Safe twice."""
        if self.connections.closed:
            return
        try:
            if self.owner.used:
                with self.connections.write() as connection:
                    connection.execute(
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
        """Keep a version of a card; returns its SHA-256 in hex. The same text is kept once."""
        toml = storable(toml, "card")
        digest = hashlib.sha256(toml.encode()).hexdigest()
        with self.connections.read() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO cards (hash, name, toml, created_at) VALUES (?, ?, ?, ?)",
                (digest, storable(name, "name"), toml, self._clock()),
            )
        return digest

    def get_card(self, card_hash: str) -> str | None:
        """The TOML text of a kept version."""
        return self._value("SELECT toml FROM cards WHERE hash = ?", storable(card_hash, "hash"))

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
        """Start an empty chat; ``created_at`` is now unless it is given, in Unix seconds."""
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
        """All chats or the first ``limit``, the one that something was last said in first."""
        where = "" if card_name is None else "WHERE c.card_name = :card"
        with self.connections.read() as connection:
            rows = connection.execute(
                f"SELECT {CHAT_COLUMNS} FROM chats c {where} "
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
        """Change what is given, leave what is ``None``; its place among the chats stays."""
        changes = {
            "title": title if title is None else title.strip(),
            "persona": persona,
            "note": note,
            "card_hash": card_hash,
            "card_path": card_path,
            "worlds": worlds,
        }
        given: dict[str, Any] = {name: new for name, new in changes.items() if new is not None}
        with self.connections.write() as connection:
            return chats.update(connection, replace(chats.get(connection, chat_id), **given))

    def delete_chat(self, chat_id: int) -> None:
        """Delete a chat with all its turns, for good: their bytes leave the file."""
        with self.connections.write() as connection:
            chats.get(connection, chat_id)
            connection.execute("DELETE FROM turns WHERE chat_id = ?", (chat_id,))
            connection.execute("DELETE FROM chats WHERE id = ?", (chat_id,))
            connection.execute("DELETE FROM flags WHERE key = ?", (chats.draft_key(chat_id),))
            erase.mark(connection)
        self.connections.judged = object()
        self._scrubber.run()

    def search(
        self, query: str, *, card_name: str | None = None, limit: int = 50, by_chat: bool = False
    ) -> list[SearchHit]:
        """Turns of all branches with all these words, or one a chat; see ``store.search``."""
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
        thought: str = "",
    ) -> Turn:
        """Put a turn under another one (or at the root), and show it unless told otherwise.

        Args:
            created_at: When it was said, Unix seconds; ``None`` is now.
            thought: What was thought before it.
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
            thought=thought,
        )
        with self.connections.write() as connection:
            return chats.add_turn(connection, turn, owner, select=select)

    def write_reply(self, turn_id: int, text: str) -> None:
        """Replace the text of a streaming turn; one small write.

        Raises:
            StoreError: The turn is gone, or it is finished.
        """
        text = storable(text, "reply")
        with self.connections.read() as connection:
            done = connection.execute(
                "UPDATE turns SET text = ? WHERE id = ? AND status = 'streaming'", (text, turn_id)
            )
            if done.rowcount:
                return
        with self.connections.write() as connection:
            self._check_streams(connection, turn_id)
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
        """Give a streaming turn its last text, how it ended, where it came from, and what the
        model thought before it.

        Raises:
            StoreError: The turn is gone, or it is finished.
        """
        if status is Status.STREAMING:
            raise ValueError("a reply cannot be finished and streaming")
        text = storable(text, "reply")
        with self.connections.write() as connection:
            turn = self._check_streams(connection, turn_id)
            chats.touch(connection, turn.chat_id, self._clock())
            turn = replace(turn, text=text, status=status, thought=storable(thought, "thought"))
            return chats.finish(connection, turn, generation)

    def turn(self, turn_id: int) -> Turn:
        """One turn; ``StoreError`` when there is none."""
        with self.connections.read() as connection:
            return tree.turn(connection, turn_id)

    def path(self, leaf_id: int, limit: int | None = None) -> list[Turn]:
        """The turns from the root down to a turn, or only the last ``limit`` of them."""
        with self.connections.read() as connection:
            return tree.path(connection, leaf_id, limit)

    def path_ids(self, leaf_id: int) -> list[int]:
        """The ids of a whole path, root first; much cheaper than the turns."""
        with self.connections.read() as connection:
            return tree.path_ids(connection, leaf_id)

    def siblings(self, turn_id: int) -> list[Turn]:
        """A turn and its siblings, oldest first; of a first turn, all first turns of the chat."""
        with self.connections.read() as connection:
            return tree.siblings(connection, tree.turn(connection, turn_id))

    def select(self, chat_id: int, turn_id: int) -> Turn:
        """Show the branch through a turn, down to where it was last shown; returns its leaf."""
        with self.connections.write() as connection:
            chats.check_turn(connection, chat_id, turn_id)
            leaf_id = tree.descend(connection, turn_id)
            tree.show(connection, chat_id, leaf_id)
            return tree.turn(connection, leaf_id)

    def set_leaf(self, chat_id: int, turn_id: int | None) -> None:
        """Make a turn the end of what is shown; ``None`` shows an empty chat."""
        with self.connections.write() as connection:
            chats.leaf(connection, chat_id)
            chats.check_turn(connection, chat_id, turn_id)
            tree.show(connection, chat_id, turn_id)

    def tree(self, chat_id: int) -> list[Turn]:
        """Every turn of a chat, oldest first."""
        with self.connections.read() as connection:
            return tree.all_turns(connection, chat_id)

    def hide(self, turn_id: int, hidden: bool = True) -> Turn:
        """Keep a turn from the model, or let the model read it again."""
        with self.connections.write() as connection:
            return chats.hide(connection, turn_id, hidden)

    def delete_turn(self, turn_id: int, *, alone: bool = False) -> int | None:
        """Delete a turn and all below it, for good; returns the chat's leaf afterwards.

        Where the deleted turn was shown, its nearest sibling is shown instead, else its parent.
        ``alone`` keeps what is below it; see ``store.lifting``.
        """
        with self.connections.write() as connection:
            top = tree.turn(connection, turn_id)
            leaf = lifting.lift(connection, top) if alone else tree.delete(connection, top)
            # A reply cancelled before its first word leaves nothing to scrub.
            if top.text:
                erase.mark(connection)
        self.connections.judged = object()
        if top.text:
            self._scrubber.run()
        return leaf

    def generation(self, turn_id: int) -> Generation | None:
        """Where a reply came from, if it was generated."""
        with self.connections.read() as connection:
            row = connection.execute(
                f"SELECT {GENERATION_COLUMNS} FROM generations WHERE turn_id = ?", (turn_id,)
            ).fetchone()
            return None if row is None else to_generation(row)

    def backup(self, to: Path) -> None:
        """Copy the database, as it is at this moment, into one new file.

        Raises:
            StoreError: There is something at ``to`` already, or it cannot be written.
        """
        with self.connections.read() as connection:
            backup.backup(connection, to)

    # -------------------------------------------------------------------------------------------
    def _check_streams(self, connection: sqlite3.Connection, turn_id: int) -> Turn:
        """The turn, if a reply may be written into it."""
        turn = tree.turn(connection, turn_id)
        if turn.status is Status.STREAMING:
            return turn
        # Ours, but another process took us for dead: see ``Owner.token``.
        query = "SELECT owner FROM turns WHERE id = ?"
        if self.owner.owns(connection.execute(query, (turn_id,)).fetchone()[0]):
            return turn
        raise StoreError(f"Turn {turn_id} is finished already; regenerate it for another reply.")
