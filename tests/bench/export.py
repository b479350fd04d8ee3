"""Benchmark of the preference export: ``python tests/bench/export.py [JUDGEMENTS]``.

Fills a store with chats of 40 turns with ratings for two swipes of each reply, and exports it in a
separate process, with the starter model's template and tokenizer, and names to be scrubbed. Prints
a line of JSON for each of three formats: seconds, CPU seconds (including the process that counts
tokens) and peak memory. The budget is 20 s and 500 MB for 100,000 judgements.
"""

from __future__ import annotations

import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rpterm.cli.trainer_model import open_trainer_model
from rpterm.preference.export import export
from rpterm.preference.export_result import ExportOptions
from rpterm.store import Store
from rpterm.store.judgements import Judgements
from rpterm.types import Persona

EXCHANGES = 20
PERSONAS = ("Violet Hunter", "Neville", "User")
WORDS = (
    "the", "of", "moor", "hound", "lamp", "street", "fog", "letter", "train", "smoke", "violin",
    "said", "never", "upon", "his",
)  # fmt: skip


def fill(path: Path, judgements: int) -> None:
    """Write the rows directly: through the API it takes minutes, which are not measured."""
    draw = random.Random(1)
    with Store(path) as store:
        judge = Judgements(store)
        chats = max(1, judgements // (2 * EXCHANGES))
        numbers = [
            store.create_chat(
                card_name="Watson", card_hash="h", persona=Persona(name=PERSONAS[at % 3])
            ).id
            for at in range(chats)
        ]
        for number in numbers:
            judge.consent(number, True)
    with sqlite3.connect(path) as connection:
        turn = rating = 0
        for number in numbers:
            parent = None
            for _ in range(EXCHANGES):
                turn += 1
                _turn(connection, turn, number, parent, "user", draw, 20)
                parent = turn
                for place in range(2):
                    turn += 1
                    rating += 1
                    _turn(connection, turn, number, parent, "assistant", draw, 60)
                    connection.execute(
                        "INSERT INTO ratings (id, chat_id, turn_id, kind, value, rater, created_at)"
                        " VALUES (?, ?, ?, 'stars', ?, 'me', ?)",
                        (rating, number, turn, 5 if place else draw.randint(1, 4), rating),
                    )
                parent = turn


def _turn(
    connection: sqlite3.Connection,
    turn: int,
    chat: int,
    parent: int | None,
    role: str,
    draw: random.Random,
    words: int,
) -> None:
    name = draw.choice(PERSONAS) if turn % 5 == 0 else "sir"
    text = f"*nods* {name}, " + " ".join(draw.choices(WORDS, k=words)) + f" {turn}."
    connection.execute(
        "INSERT INTO turns (id, chat_id, parent_id, role, speaker, text, origin, status, "
        "created_at) VALUES (?, ?, ?, ?, 'X', ?, 'generated', 'complete', 1)",
        (turn, chat, parent, role, text),
    )


def measure(path: Path, name: str) -> dict[str, object]:
    start = time.perf_counter()
    with open_trainer_model("starter") as known, Store(path) as store:
        options = ExportOptions(format=name)
        done = export(
            Judgements(store), path.with_name(name), options, known,
            lambda chat: "You are Watson. " * 20,
        )  # fmt: skip
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "format": name,
        "seconds": round(time.perf_counter() - start, 2),
        "cpu_seconds": round(sum(each.ru_utime + each.ru_stime for each in spent), 2),
        "counting_cpu_seconds": round(spent[1].ru_utime + spent[1].ru_stime, 2),
        "peak_mb": [each.ru_maxrss // 1024 for each in spent],
        "rows": sum(done.rows.values()),
        "bytes": sum(each.stat().st_size for each in path.with_name(name).rglob("*.jsonl")),
    }


def main() -> None:
    if len(sys.argv) == 3:
        sys.stdout.write(json.dumps(measure(Path(sys.argv[1]), sys.argv[2])))
        return
    judgements = int(sys.argv[1]) if len(sys.argv) == 2 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        fill(path, judgements)
        for name in ("trl_dpo", "trl_kto", "raw"):
            done = subprocess.run(
                [sys.executable, __file__, str(path), name], capture_output=True, check=True
            )
            sys.stdout.write(done.stdout.decode() + "\n")


if __name__ == "__main__":
    main()
