"""Latency of the lorebook engine per turn: ``python tests/bench/lorebook.py [--json]``.

Books of 10, 1,000 and 10,000 entries with three keys each; a chat of 61 turns of 120 words with two
keys in each turn. Measured with a prepared ``Matcher``:

- ``turn_ms``: the next turn of a running chat, with new text.
- ``cold_ms``: the first turn after opening a chat, with the complete scan depth to read.
- ``naive_ms``: baseline: one ``re.search`` per key over the same text, with compiled patterns.

Algorithm: see ``rpterm.cards.lore.keys``.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import time
from collections.abc import Callable

from rpterm.cards.card import Lorebook, LoreEntry
from rpterm.cards.lore.lorebook import Matcher
from rpterm.cards.lore.records import LoreContext

SIZES = (10, 1_000, 10_000)
DEPTH = 4
Turns = list[tuple[str, str]]


def word(rng: random.Random, least: int = 1, most: int = 3) -> str:
    """A random word of so many syllables."""
    syllables = ("ka", "lo", "mi", "ter", "san", "du", "rel", "vo", "ith", "gar", "ne", "ush")
    return "".join(rng.choice(syllables) for _ in range(rng.randint(least, most)))


def make(size: int, kind: str, rng: random.Random) -> Lorebook:
    """A random book; ``kind`` is the kind of its keys."""

    def key() -> str:
        more = [word(rng) for _ in range(rng.choice((0, 0, 1, 2)))]
        text = " ".join([word(rng, 5, 6), *more])
        return f"/{text}s?/i" if kind == "regex" else text

    entries = tuple(
        LoreEntry(
            (key(), key(), key()), f"Something about number {number}.",
            whole_words=kind != "parts", sticky=2 if kind == "timed" else 0,
        )
        for number in range(size)
    )  # fmt: skip
    return Lorebook(entries, scan_depth=DEPTH)


def chat(book: Lorebook, rng: random.Random) -> tuple[Turns, set[int]]:
    """61 turns with two keys each, and the entries that the last turns should fire."""
    turns: Turns = []
    called: list[list[int]] = []
    for number in range(61):
        words = [word(rng) for _ in range(118)]
        called.append(rng.sample(range(len(book.entries)), 2))
        for index in called[-1]:
            key = book.entries[index].keys[0]
            words.insert(rng.randrange(len(words)), key.removeprefix("/").removesuffix("s?/i"))
        turns.append(("user" if number % 2 == 0 else "assistant", " ".join(words)))
    return turns, {index for some in called[-DEPTH:] for index in some}


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def naive(book: Lorebook, turns: Turns) -> float:
    """Milliseconds of the obvious loop."""
    flags = re.IGNORECASE
    patterns = [
        [re.compile(rf"(?<!\w){re.escape(key)}(?!\w)", flags) for key in entry.keys]
        for entry in book.entries
    ]
    text = "\n".join(said for _, said in turns[-DEPTH:])
    return timed(lambda: [any(p.search(text) for p in some) for some in patterns])


def measure(size: int, kind: str) -> dict[str, float]:
    """All times for one book."""
    rng = random.Random(size)
    book = make(size, kind, rng)
    turns, called = chat(book, rng)
    built: list[Matcher] = []
    build = timed(lambda: built.append(Matcher(book)))
    matcher = built[0]
    matcher.fire(LoreContext([("user", "warm up")]))
    cold = timed(lambda: matcher.fire(LoreContext(turns[:21])))
    times = [
        timed(lambda end=end: matcher.fire(LoreContext(turns[:end])))  # type: ignore[misc]
        for end in range(23, len(turns) + 1, 2)
    ]
    fired = {hit.index for hit in matcher.fire(LoreContext(turns)).hits}
    assert called <= fired, "the keys that occur must be found"
    result = {"build_ms": build, "cold_ms": cold, "turn_ms": statistics.median(times)}
    result["turn_max_ms"] = max(times)
    if kind == "words":
        result["naive_ms"] = naive(book, turns)
    return {name: round(value, 3) for name, value in result.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    kinds = ("words", "parts", "regex", "timed")
    results = {f"{kind}_{size}": measure(size, kind) for kind in kinds for size in SIZES}
    if options.json:
        sys.stdout.write(json.dumps(results, indent=2) + "\n")
        return
    for name, values in results.items():
        line = "  ".join(f"{key} {value:>9.3f}" for key, value in values.items())
        sys.stdout.write(f"{name:<14} {line}\n")


if __name__ == "__main__":
    main()
