"""Stores the files in a character's data bank, and the phrases that it must never mention.

The pieces of a file are memories of kind ``document``; they are added and deleted with their file,
in one transaction. This module knows no file formats and never opens the files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from rpterm.store.errors import StoreError
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.records import wording_hash
from rpterm.store.row_conversion import storable

_FILE_QUERY = (
    "SELECT f.id, f.character, f.name, f.path, f.digest, f.added_at, "
    "(SELECT count(*) FROM memories m WHERE m.file_id = f.id) FROM memory_files f"
)


@dataclass(frozen=True, slots=True)
class MemoryFile:
    """A file in a character's data bank.

    Attributes:
        name: The file name without its folder, for citations.
        path: Where it was read; adding the same path again replaces the file.
        digest: SHA-256 of its bytes.
        pieces: The number of memories made from it.
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
    """A piece of a file; ``place`` is its position in the file."""

    text: str
    place: str


@dataclass(frozen=True, slots=True)
class BlockedPhrase:
    """A phrase that a character must never mention."""

    id: int
    character: str
    phrase: str
    created_at: float


class MemoryFiles:
    """The files and blocked phrases in one store."""

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
        """Store a file and its pieces; replaces an earlier file with the same path."""
        now = self._memories.store.now() if added_at is None else added_at
        with self._connections.write() as connection:
            replaced = connection.execute(
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
            file = _get_file(connection, file_id)
        if replaced:
            self._memories.scrub()
        return file

    def all(self, character: str | None = None) -> list[MemoryFile]:
        """All files, or those of one character, newest first."""
        rows = self._connections.rows(
            f"{_FILE_QUERY} WHERE ?1 IS NULL OR f.character = ?1 ORDER BY f.id DESC", (character,)
        )
        return [MemoryFile(*row) for row in rows]

    def pieces(self, file_id: int) -> list[int]:
        """The ids of the memories made from a file, in its order."""
        query = "SELECT id FROM memories WHERE file_id = ? ORDER BY id"
        return [memory_id for (memory_id,) in self._connections.rows(query, (file_id,))]

    def remove(self, file_id: int) -> MemoryFile:
        """Delete a file with its pieces and vectors permanently; return its record."""
        with self._connections.write() as connection:
            file = _get_file(connection, file_id)
            connection.execute("DELETE FROM memory_files WHERE id = ?", (file_id,))
        self._memories.scrub()
        return file

    # Blocked phrases ---------------------------------------------------------------------------
    def block(self, character: str, phrase: str) -> BlockedPhrase:
        """Store a phrase; if it exists already, in any case, return the existing one."""
        for known in self.blocks(character):
            if known.phrase.casefold() == phrase.casefold():
                return known
        with self._connections.write() as connection:
            connection.execute(
                "INSERT INTO memory_blocks (character, phrase, created_at) VALUES (?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (character, storable(phrase, "phrase"), self._memories.store.now()),
            )
            row = connection.execute(
                "SELECT id, character, phrase, created_at FROM memory_blocks "
                "WHERE character = ? AND phrase = ?",
                (character, phrase),
            ).fetchone()
        return BlockedPhrase(*row)

    def unblock(self, block_id: int) -> None:
        """Delete a phrase; raises ``StoreError`` when it does not exist."""
        if not self._connections.run("DELETE FROM memory_blocks WHERE id = ?", (block_id,)):
            raise StoreError(f"There is no blocked phrase {block_id}.")

    def blocks(self, character: str) -> list[BlockedPhrase]:
        """The blocked phrases of a character, oldest first."""
        rows = self._connections.rows(
            "SELECT id, character, phrase, created_at FROM memory_blocks "
            "WHERE character = ? ORDER BY id",
            (character,),
        )
        return [BlockedPhrase(*row) for row in rows]


def _get_file(connection: sqlite3.Connection, file_id: int) -> MemoryFile:
    row = connection.execute(f"{_FILE_QUERY} WHERE f.id = ?", (file_id,)).fetchone()
    if row is None:
        raise StoreError(
            f"There is no file {file_id}; `rpterm memory list --files` shows all files."
        )
    return MemoryFile(*row)
