"""Stores embeddings of memories: float32 vectors, keyed by wording hash and model name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
        query = "SELECT hash, vector FROM memory_vectors WHERE model = ? AND hash IN ({})"
        return dict(self._connections.rows_among(query, hashes, model))

    def missing(self, model: str, above: int, below: int, limit: int) -> list[Unembedded]:
        """Memories with ids between ``above`` and ``below`` without a vector, newest first."""
        rows = self._connections.rows(
            "SELECT m.id, m.hash, m.speaker, m.text FROM memories m "
            "WHERE m.id > ? AND m.id < ? AND NOT EXISTS (SELECT 1 FROM memory_vectors v "
            "WHERE v.hash = m.hash AND v.model = ?) ORDER BY m.id DESC LIMIT ?",
            (above, below, model, limit),
        )
        return [Unembedded(*row) for row in rows]

    def size(self, model: str) -> int:
        """Size in bytes of one vector of this model; 0 if there is none yet."""
        query = "SELECT length(vector) FROM memory_vectors WHERE model = ? LIMIT 1"
        row = self._connections.row(query, (model,))
        return int(row[0]) if row else 0

    def progress(self, model: str) -> tuple[int, int]:
        """The number of wordings with a vector of this model, and of all wordings."""
        ((done, total),) = self._connections.rows(
            "SELECT (SELECT count(*) FROM memory_vectors WHERE model = ?), "
            "(SELECT count(DISTINCT hash) FROM memories)",
            (model,),
        )
        return int(done), int(total)

    def keep_only(self, model: str) -> None:
        """Delete the vectors of all other models."""
        others = "SELECT 1 FROM memory_vectors WHERE model <> ? LIMIT 1"
        if self._connections.row(others, (model,)):  # Usually none: avoid the write lock.
            self._connections.run("DELETE FROM memory_vectors WHERE model <> ?", (model,))
