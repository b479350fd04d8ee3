"""Stores embeddings of memories: float32 vectors, keyed by wording hash and model name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rpterm.store.row_conversion import batches, qmarks
from rpterm.store.store import Store


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A memory without a vector for its wording."""

    id: int
    hash: bytes
    speaker: str
    text: str


class MemoryVectors:
    """The vectors in one store; ``Memories`` creates the table."""

    def __init__(self, store: Store) -> None:
        self._connections = store.connections

    def put(self, model: str, vectors: Sequence[tuple[bytes, bytes]]) -> None:
        """Store (hash, little-endian float32) pairs, except those that no memory uses any more."""
        with self._connections.write() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO memory_vectors (hash, model, vector) "
                "SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM memories WHERE hash = ?1)",
                [(key, model, vector) for key, vector in vectors],
            )

    def get(self, model: str, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
        """The vectors of these wordings by hash; missing ones are left out."""
        found: dict[bytes, bytes] = {}
        with self._connections.read() as connection:
            for part in batches(hashes):
                found.update(
                    connection.execute(
                        f"SELECT hash, vector FROM memory_vectors WHERE model = ? "
                        f"AND hash IN ({qmarks(part)})",
                        (model, *part),
                    ).fetchall()
                )
        return found

    def missing(self, model: str, above: int, below: int, limit: int) -> list[Unembedded]:
        """Memories with ids between ``above`` and ``below`` without a vector, newest first."""
        with self._connections.read() as connection:
            rows = connection.execute(
                "SELECT m.id, m.hash, m.speaker, m.text FROM memories m "
                "WHERE m.id > ? AND m.id < ? AND NOT EXISTS (SELECT 1 FROM memory_vectors v "
                "WHERE v.hash = m.hash AND v.model = ?) ORDER BY m.id DESC LIMIT ?",
                (above, below, model, limit),
            )
            return [Unembedded(*row) for row in rows]

    def size(self, model: str) -> int:
        """Size in bytes of one vector of this model; 0 if there is none yet."""
        with self._connections.read() as connection:
            row = connection.execute(
                "SELECT length(vector) FROM memory_vectors WHERE model = ? LIMIT 1", (model,)
            ).fetchone()
            return int(row[0]) if row else 0

    def progress(self, model: str) -> tuple[int, int]:
        """The number of wordings with a vector of this model, and of all wordings."""
        with self._connections.read() as connection:
            (total,) = connection.execute("SELECT count(DISTINCT hash) FROM memories").fetchone()
            (done,) = connection.execute(
                "SELECT count(*) FROM memory_vectors WHERE model = ?", (model,)
            ).fetchone()
        return int(done), int(total)

    def keep_only(self, model: str) -> None:
        """Delete the vectors of all other models."""
        with (
            self._connections.read() as connection
        ):  # Usually there are none: avoid the write lock.
            others = connection.execute(
                "SELECT 1 FROM memory_vectors WHERE model <> ? LIMIT 1", (model,)
            ).fetchone()
        if others is None:
            return
        with self._connections.write() as connection:
            connection.execute("DELETE FROM memory_vectors WHERE model <> ?", (model,))
