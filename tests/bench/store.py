"""Benchmark of the store against the obvious ways to do the same: ``python tests/bench/store.py``.

Prints JSON: the figures of ``rpterm bench store --json``, and the same work done by a LIKE scan and
by walking up the tree with one query per turn.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from rpterm.bench.store import QUERIES, fill, measure


def milliseconds(work: Callable[[], object], runs: int = 3) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return round(statistics.median(times), 3)


def scan(connection: sqlite3.Connection, words: str) -> list[tuple[object, ...]]:
    """Search without an index: read every text, newest first."""
    query = "SELECT id FROM turns WHERE text LIKE ? ORDER BY id DESC LIMIT 50"
    return connection.execute(query, (f"%{words}%",)).fetchall()


def walk(connection: sqlite3.Connection, chat_id: int) -> int:
    """Open a chat without a recursive query: per turn one query, and one for its siblings."""
    query = "SELECT leaf_id FROM chats WHERE id = ?"
    (turn_id,) = connection.execute(query, (chat_id,)).fetchone()
    count = 0
    while turn_id is not None:
        count += 1
        (turn_id,) = connection.execute(
            "SELECT parent_id FROM turns WHERE id = ?", (turn_id,)
        ).fetchone()
        connection.execute(
            "SELECT count(*) FROM turns WHERE parent_id IS ? AND chat_id = ?", (turn_id, chat_id)
        ).fetchone()
    return count


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        chat_id = fill(path)
        figures = measure(path, chat_id)
        with closing(sqlite3.connect(path)) as connection:
            figures["search_scan_ms"] = max(
                milliseconds(partial(scan, connection, words.strip('"'))) for words in QUERIES
            )
            figures["open_walk_ms"] = milliseconds(lambda: walk(connection, chat_id))
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
