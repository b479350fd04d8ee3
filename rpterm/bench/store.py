"""How fast the store is when it is full: ``rpterm bench store``.

Makes a database of 100,000 turns in a temporary folder and times what a user waits for. Knows no
terminal: ``main`` writes to the stream it is given.
"""

from __future__ import annotations

import itertools
import json as json_module
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from rpterm.store.connections import Connections
from rpterm.store.store import Store

TURNS = 100_000
CHAT_TURNS = 2_000
RUNS = 15

_SYLLABLES = (
    "the",
    "an",
    "to",
    "mi",
    "ra",
    "ven",
    "sol",
    "ki",
    "or",
    "ten",
    "lu",
    "ba",
    "sha",
    "ne",
)

QUERIES = ("t", "the", "thea", "thean", "theto", "the v", '"thean ven"', "the ven sol", "nowhere")
"""From one letter, the first thing a search-as-you-type asks, over beginnings of the most frequent
words and phrases of them, to words that never occur."""


def vocabulary() -> list[str]:
    """Words of one to four syllables, the short ones first, as Zipf found them."""
    return [
        "".join(syllables)
        for length in range(1, 5)
        for syllables in itertools.product(_SYLLABLES, repeat=length)
    ][:20_000]


def talk(seed: int, words: int) -> Iterator[str]:
    """Lines of so many words without end, each word as often as in a language."""
    draw, known = random.Random(seed), vocabulary()
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(known))))
    while True:
        yield " ".join(draw.choices(known, cum_weights=weights, k=words))


def fill(path: Path, turns: int = TURNS, chat_turns: int = CHAT_TURNS) -> int:
    """Write chats of ``chat_turns`` turns, every tenth one a swipe; returns the last chat's id."""
    lines = talk(7, 40)
    with Store(path) as store:
        chat_id = 0
        for _ in range(max(1, turns // chat_turns)):
            chat_id = store.create_chat(card_name="Bench", card_hash="0").id
            texts = list(itertools.islice(lines, chat_turns))
            insert_chat(path, chat_id, texts)
    return chat_id


def measure(path: Path, chat_id: int, runs: int = RUNS) -> dict[str, float]:
    """Medians in milliseconds; the slowest of ``QUERIES`` counts for the search."""
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
    """All that opening a chat asks of the store, from the closed file; returns its length."""
    with Store(path) as store:
        leaf = store.chat(chat_id).leaf_id or 0
        store.path(leaf, limit=60)
        return len(store.path_ids(leaf))


def main(json: bool = False, out: TextIO | None = None) -> None:
    """Fill, measure and report, as JSON or as two lines for people."""
    out = out or sys.stdout
    with tempfile.TemporaryDirectory(prefix="rpterm-bench-") as folder:
        path = Path(folder) / "bench.db"
        numbers = measure(path, fill(path))
    if json:
        out.write(json_module.dumps(numbers) + "\n")
        return
    out.write(f"open a chat of {CHAT_TURNS:,} turns: {numbers['open_100k_ms']:.1f} ms\n")
    out.write(f"slowest search in {TURNS:,} turns: {numbers['search_100k_ms']:.1f} ms\n")


def insert_chat(path: Path, chat_id: int, texts: list[str]) -> None:
    """Write the turns of a chat, every tenth one a swipe that was left.

    One transaction a chat: 100,000 calls of ``add_turn`` would take minutes of the user's.
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
