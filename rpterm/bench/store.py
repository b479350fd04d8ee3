"""Latency of a full store: ``rpterm bench store``.

Creates a database of 100,000 turns in a temporary folder and times what a user waits for: opening a
chat and searching.
"""

from __future__ import annotations

import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from rpterm.store.database.connections import Connections
from rpterm.store.store import Store

TURNS = 100_000
CHAT_TURNS = 2_000
RUNS = 15

_SYLLABLES = (
    "the", "an", "to", "mi", "ra", "ven", "sol", "ki", "or", "ten", "lu", "ba", "sha", "ne"
)  # fmt: skip

QUERIES = ("t", "the", "thea", "thean", "theto", "the v", '"thean ven"', "the ven sol", "nowhere")
"""From one letter, with which search-as-you-type begins, over prefixes and phrases of the most
frequent words, to words that never occur."""


def vocabulary() -> list[str]:
    """Words of one to four syllables, the short ones first: Zipf's law of abbreviation."""
    return [
        "".join(syllables)
        for length in range(1, 5)
        for syllables in itertools.product(_SYLLABLES, repeat=length)
    ][:20_000]


def talk(seed: int, words: int) -> Iterator[str]:
    """An endless stream of lines of so many words, with frequencies by Zipf's law."""
    rng, known = random.Random(seed), vocabulary()
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(known))))
    while True:
        yield " ".join(rng.choices(known, cum_weights=weights, k=words))


def fill(path: Path, turns: int = TURNS, chat_turns: int = CHAT_TURNS) -> int:
    """Write chats of ``chat_turns`` turns, every tenth a swipe; returns the last chat's id."""
    lines = talk(7, 40)
    with Store(path) as store:
        chat_id = 0
        for _ in range(max(1, turns // chat_turns)):
            chat_id = store.create_chat(card_name="Bench", card_hash="0").id
            texts = list(itertools.islice(lines, chat_turns))
            insert_chat(path, chat_id, texts)
    return chat_id


def measure(path: Path, chat_id: int, runs: int = RUNS) -> dict[str, float]:
    """Medians in milliseconds; for the search, that of the slowest of ``QUERIES``."""
    with Store(path) as store:
        slowest = max(
            _median(lambda words=words: store.search(words), runs)  # type: ignore[misc]
            for words in QUERIES
        )
    return {
        "open_100k_ms": round(_median(lambda: open_chat(path, chat_id), runs), 3),
        "search_100k_ms": round(slowest, 3),
    }


def open_chat(path: Path, chat_id: int) -> int:
    """What opening a chat asks of the store, from the closed file on; returns its turns shown."""
    with Store(path) as store:
        return len(store.path(store.chat(chat_id).leaf_id or 0, limit=60))


def run() -> dict[str, float]:
    """Fill a database, and measure."""
    with tempfile.TemporaryDirectory(prefix="rpterm-bench-") as folder:
        path = Path(folder) / "bench.db"
        return measure(path, fill(path))


def lines(figures: Mapping[str, float]) -> Iterator[str]:
    """The figures in words."""
    yield f"open a chat of {CHAT_TURNS:,} turns: {figures['open_100k_ms']:.1f} ms"
    yield f"slowest search in {TURNS:,} turns: {figures['search_100k_ms']:.1f} ms"


def insert_chat(path: Path, chat_id: int, texts: list[str]) -> None:
    """Write the turns of a chat, every tenth an abandoned swipe.

    In one transaction per chat: 100,000 calls of ``add_turn`` would take minutes.
    """
    connections = Connections(path, 15.0)
    with connections.write() as connection:
        parent: int | None = None
        for place, text in enumerate(texts):
            role = "assistant" if place % 2 else "user"
            turn_id = connection.execute(
                "INSERT INTO turns (chat_id, parent_id, role, speaker, text, origin, status, "
                "created_at) VALUES (?, ?, ?, '', ?, 'imported', 'complete', 0)",
                (chat_id, parent, role, text),
            ).lastrowid
            parent = parent if place % 10 == 9 else turn_id
        connection.execute("UPDATE chats SET leaf_id = ? WHERE id = ?", (parent, chat_id))
    connections.close()


def _median(work: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)
