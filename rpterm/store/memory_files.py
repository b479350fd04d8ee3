"""Files given to a character, and phrases it never mentions, in the database.

A file's pieces are memories of kind ``document``; they come and go with their file, in one
transaction. Knows no file formats and does not open the files it names.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from rpterm.store.errors import StoreError
from rpterm.store.memories import Memories
from rpterm.store.memory_rows import wording_hash
from rpterm.store.rows import storable

_FILE = "f.id, f.character, f.name, f.path, f.digest, f.added_at"


@dataclass(frozen=True, slots=True)
class MemoryFile:
    """A file a character was given.

    Attributes:
        name: As it is cited: the file's name without its folder.
        path: Where it was read; adding the same path again replaces it.
        digest: SHA-256 of its bytes.
        pieces: How many memories it became.
    """

    id: int
    character: str
    name: str
    path: str
    digest: str
    added_at: float
    pieces: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a file; ``place`` says where in the file it stands."""

    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Block:
    """A phrase a character never mentions."""

    id: int
    character: str
    phrase: str
    created_at: float


class MemoryFiles:
    """The files of one store."""

    def __init__(self, memories: Memories) -> None:
        self._memories = memories
        self._connections = memories.store.connections

    def put(
        self,
        character: str,
        name: str,
        path: str,
        digest: str,
        pieces: Sequence[Piece],
        added_at: float | None = None,
    ) -> MemoryFile:
        """Keep a file's pieces in place of those that the same path gave before."""
        now = self._memories.clock() if added_at is None else added_at
        with self._connections.write() as connection:
            old = connection.execute(
                "DELETE FROM memory_files WHERE character = ? AND path = ?", (character, path)
            ).rowcount
            (file_id,) = connection.execute(
                "INSERT INTO memory_files (character, name, path, digest, added_at) "
                "VALUES (?, ?, ?, ?, ?) RETURNING id",
                (character, storable(name, "name"), path, digest, now),
            ).fetchone()
            connection.executemany(
                "INSERT INTO memories (kind, character, speaker, text, place, created_at, hash, "
                "file_id) VALUES ('document', ?, '', ?, ?, ?, ?, ?)",
                [
                    (character, storable(piece.text, "text"), piece.place, now,
                     wording_hash("", piece.text), file_id)
                    for piece in pieces
                ],
            )  # fmt: skip
            file = _one(connection, file_id)
        if old:
            self._memories.scrub()
        return file

    def all(self, character: str | None = None) -> list[MemoryFile]:
        """Every file, or those of one character, newest first."""
        with self._connections.read() as connection:
            rows = connection.execute(
                f"SELECT {_FILE}, (SELECT count(*) FROM memories m WHERE m.file_id = f.id) "
                "FROM memory_files f WHERE ?1 IS NULL OR f.character = ?1 ORDER BY f.id DESC",
                (character,),
            ).fetchall()
        return [MemoryFile(*row) for row in rows]

    def get(self, file_id: int) -> MemoryFile:
        """One file; ``StoreError`` when there is none."""
        with self._connections.read() as connection:
            return _one(connection, file_id)

    def pieces(self, file_id: int) -> list[int]:
        """The memories a file became, in its order."""
        with self._connections.read() as connection:
            rows = connection.execute(
                "SELECT id FROM memories WHERE file_id = ? ORDER BY id", (file_id,)
            )
            return [memory_id for (memory_id,) in rows]

    def remove(self, file_id: int) -> MemoryFile:
        """Delete a file's pieces, vectors and words for good; returns what it was."""
        with self._connections.write() as connection:
            file = _one(connection, file_id)
            connection.execute("DELETE FROM memory_files WHERE id = ?", (file_id,))
        self._memories.scrub()
        return file

    # Never to be mentioned -----------------------------------------------------------------------
    def block(self, character: str, phrase: str) -> Block:
        """Keep a phrase; the same one again, in whatever case, is the one there is."""
        for known in self.blocks(character):
            if known.phrase.casefold() == phrase.casefold():
                return known
        with self._connections.write() as connection:
            connection.execute(
                "INSERT INTO memory_blocks (character, phrase, created_at) VALUES (?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (character, storable(phrase, "phrase"), self._memories.clock()),
            )
            row = connection.execute(
                "SELECT id, character, phrase, created_at FROM memory_blocks "
                "WHERE character = ? AND phrase = ?",
                (character, phrase),
            ).fetchone()
        return Block(*row)

    def unblock(self, block_id: int) -> None:
        """Drop a phrase; ``StoreError`` when there is none."""
        with self._connections.write() as connection:
            gone = connection.execute("DELETE FROM memory_blocks WHERE id = ?", (block_id,))
            if not gone.rowcount:
                raise StoreError(f"There is no blocked phrase {block_id}.")

    def blocks(self, character: str) -> list[Block]:
        """The phrases a character never mentions, oldest first."""
        with self._connections.read() as connection:
            rows = connection.execute(
                "SELECT id, character, phrase, created_at FROM memory_blocks "
                "WHERE character = ? ORDER BY id",
                (character,),
            ).fetchall()
        return [Block(*row) for row in rows]


def _one(connection: sqlite3.Connection, file_id: int) -> MemoryFile:
    row = connection.execute(
        f"SELECT {_FILE}, (SELECT count(*) FROM memories m WHERE m.file_id = f.id) "
        "FROM memory_files f WHERE f.id = ?",
        (file_id,),
    ).fetchone()
    if row is None:
        raise StoreError(f"There is no file {file_id}; `rpterm memory list --files` shows them.")
    return MemoryFile(*row)
