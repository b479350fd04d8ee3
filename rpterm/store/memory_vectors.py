"""Embeddings of memories: float32, keyed by the hash of the wording and the model's name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rpterm.store.store import Store

_BATCH = 500


class MemoryVectors:
    """The vectors of one store; the tables are made by ``Memories``."""

    def __init__(self, store: Store) -> None:
        self._connections = store._connections  # this room's own: one connection a thread

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
            for start in range(0, len(hashes), _BATCH):
                part = hashes[start : start + _BATCH]
                marks = ", ".join("?" * len(part))
                found.update(
                    connection.execute(
                        f"SELECT hash, vector FROM memory_vectors WHERE model = ? "
                        f"AND hash IN ({marks})",
                        (model, *part),
                    ).fetchall()
                )
        return found

    def missing(self, model: str, limit: int = 256) -> list[tuple[bytes, str, str]]:
        """Wordings without a vector of this model: (hash, speaker, text), newest first."""
        with self._connections.read() as connection:
            rows = connection.execute(
                "SELECT m.hash, m.speaker, m.text FROM memories m WHERE NOT EXISTS "
                "(SELECT 1 FROM memory_vectors v WHERE v.hash = m.hash AND v.model = ?) "
                "GROUP BY m.hash ORDER BY max(m.id) DESC LIMIT ?",
                (model, limit),
            )
            return list(rows.fetchall())

    def newest_missing(self, model: str, limit: int = 64) -> list[tuple[bytes, str, str]]:
        """The same among the last few memories only, in constant time."""
        with self._connections.read() as connection:
            rows = connection.execute(
                "SELECT m.hash, m.speaker, m.text FROM "
                "(SELECT hash, speaker, text FROM memories ORDER BY id DESC LIMIT ?) m "
                "WHERE NOT EXISTS (SELECT 1 FROM memory_vectors v "
                "WHERE v.hash = m.hash AND v.model = ?)",
                (limit, model),
            )
            return list(rows.fetchall())

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
        with self._connections.write() as connection:
            connection.execute("DELETE FROM memory_vectors WHERE model <> ?", (model,))

    def models(self) -> Iterator[str]:
        """Names of the models there are vectors of."""
        with self._connections.read() as connection:
            rows = connection.execute("SELECT DISTINCT model FROM memory_vectors").fetchall()
        return (name for (name,) in rows)
