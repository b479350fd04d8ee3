"""Embeddings of memories: float32, keyed by the hash of the wording and the model's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rpterm.store.rows import marks, parts
from rpterm.store.store import Store


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A memory whose wording has no vector yet."""

    id: int
    hash: bytes
    speaker: str
    text: str


class MemoryVectors:
    """The vectors of one store; the tables are made by ``Memories``."""

    def __init__(self, store: Store) -> None:
        self._connections = store.connections

    def put(self, model: str, vectors: Sequence[tuple[bytes, bytes]]) -> None:
        """Keep vectors as (hash, little-endian float32); those no memory uses any more are left."""
        with self._connections.write() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO memory_vectors (hash, model, vector) "
                "SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM memories WHERE hash = ?1)",
                [(key, model, vector) for key, vector in vectors],
            )

    def of(self, model: str, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
        """Those vectors of the wordings that there are."""
        found: dict[bytes, bytes] = {}
        with self._connections.read() as connection:
            for part in parts(hashes):
                found.update(
                    connection.execute(
                        f"SELECT hash, vector FROM memory_vectors WHERE model = ? "
                        f"AND hash IN ({marks(part)})",
                        (model, *part),
                    ).fetchall()
                )
        return found

    def missing(self, model: str, above: int, below: int, limit: int) -> list[Unembedded]:
        """Wordings without a vector of this model, of memories with ids between, newest first."""
        with self._connections.read() as connection:
            rows = connection.execute(
                "SELECT m.id, m.hash, m.speaker, m.text FROM memories m "
                "WHERE m.id > ? AND m.id < ? AND NOT EXISTS (SELECT 1 FROM memory_vectors v "
                "WHERE v.hash = m.hash AND v.model = ?) ORDER BY m.id DESC LIMIT ?",
                (above, below, model, limit),
            )
            return [Unembedded(*row) for row in rows]

    def size(self, model: str) -> int:
        """Bytes of one vector of this model; 0 when there is none yet."""
        with self._connections.read() as connection:
            row = connection.execute(
                "SELECT length(vector) FROM memory_vectors WHERE model = ? LIMIT 1", (model,)
            ).fetchone()
            return int(row[0]) if row else 0

    def progress(self, model: str) -> tuple[int, int]:
        """How many wordings have a vector of this model, and how many there are."""
        with self._connections.read() as connection:
            (total,) = connection.execute("SELECT count(DISTINCT hash) FROM memories").fetchone()
            (done,) = connection.execute(
                "SELECT count(*) FROM memory_vectors WHERE model = ?", (model,)
            ).fetchone()
        return int(done), int(total)

    def keep_only(self, model: str) -> None:
        """Drop the vectors of every other model, once this one has all."""
        with self._connections.read() as connection:  # Mostly there are none: nobody waits for it.
            others = connection.execute(
                "SELECT 1 FROM memory_vectors WHERE model <> ? LIMIT 1", (model,)
            ).fetchone()
        if others is None:
            return
        with self._connections.write() as connection:
            connection.execute("DELETE FROM memory_vectors WHERE model <> ?", (model,))
