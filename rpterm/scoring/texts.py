"""Words and spans that several signals need. Pure; knows no signal and no model."""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_STOP_MARK = re.compile(r"(?<=\w)([.,?!])")
_PLAYED = re.compile(r"\*[^*\n]+\*|(?:^|[.!?*] )[\"“«]")
"""What is done between asterisks, or speech in quotes."""
QUOTES = re.compile(r"\"[^\"\n]*\"?|“[^”\n]*”?|«[^»\n]*»?")
"""Speech in quotation marks, to the line's end where one is not closed."""
_APART = re.compile(r"\w [.,?!](?=\s|$)")
_STOP_TEXT = (
    "a an the of to in on at for and or but is are was were be been being am do does did have "
    "has had i you he she it we they me him her us them my your his its our their this that "
    "these those with as by from so if then than there here very too just i'm you're it's i've "
    "that's don't what who how will would can could not no s t m"
)
_STOP = frozenset(_STOP_TEXT.split())


def words(text: str) -> list[str]:
    """Words in lower case, in order."""
    return [match.group() for match in _WORD.finditer(text.lower().replace("’", "'"))]


def content(text: str) -> list[str]:
    """Words that carry meaning, cut to a plain stem."""
    return [_stem(word) for word in words(text) if word not in _STOP]


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


class Rarity:
    """How much each word tells: inverse document frequency over texts that were passed in."""

    def __init__(self, texts: Iterable[str]) -> None:
        counts: Counter[str] = Counter()
        total = 0
        for text in texts:
            found = content(text)
            counts.update(set(found))
            total += 1
        self._counts, self._total = counts, total

    def vector(self, text: str) -> dict[str, float]:
        """The text's words weighted, with length 1; empty when no word carries meaning."""
        counts = Counter(content(text))
        raw = {word: (1 + math.log(count)) * self(word) for word, count in counts.items()}
        norm = math.sqrt(sum(value * value for value in raw.values()))
        return {word: value / norm for word, value in raw.items()} if norm else {}

    def __call__(self, word: str) -> float:
        return math.log((self._total + 1) / (self._counts[word] + 0.5)) + 0.1


def dot(left: Mapping[str, float], right: Mapping[str, float]) -> float:
    """Likeness of two vectors of ``Rarity``: 0 to 1."""
    if len(right) < len(left):
        left, right = right, left
    return sum(value * right.get(word, 0.0) for word, value in left.items())


def where(word: str, text: str) -> int:
    """Where a word (or a mark) first stands, not within a longer word; -1 is nowhere."""
    plain = text.lower().replace("’", "'")
    if not word[0].isalnum():
        return plain.find(word)
    found = re.search(rf"(?<![^\W_])(?<![^\W_]'){re.escape(word)}(?!'?[^\W_])", plain)
    return found.start() if found else -1


def grams(items: Sequence[str], size: int) -> list[tuple[str, ...]]:
    """Runs of ``size`` items."""
    return [tuple(items[at : at + size]) for at in range(len(items) - size + 1)]


def shared_run(reply: str, line: str, least: int) -> tuple[int, int] | None:
    """Where the longest run of at least ``least`` words of ``line`` stands in ``reply``."""
    found = [(match.start(), match.end(), match.group().lower()) for match in _WORD.finditer(reply)]
    mine = [word.replace("’", "'") for _, _, word in found]
    theirs = words(line)
    if not set(grams(mine, least)) & set(grams(theirs, least)):
        return None  # As a rule, and found out much sooner than the longest run is.
    best = (0, 0)
    table = [0] * (len(theirs) + 1)
    for at, word in enumerate(mine):
        row = [0] * (len(theirs) + 1)
        for other, their in enumerate(theirs):
            if word == their:
                row[other + 1] = table[other] + 1
                best = max(best, (row[other + 1], at))
        table = row
    length, last = best
    return found[last - length + 1][0], found[last][1]


def everyday() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Facts and turns of anybody, out of ``everyday.toml``: the yardstick of fitting."""
    return tuple(_everyday()["facts"]), tuple(_everyday()["turns"])


@lru_cache(maxsize=1)
def everyday_rarity() -> Rarity:
    """How much each word tells among these."""
    facts, turns = everyday()
    return Rarity([*facts, *turns])


def everyday_talks(like: str) -> tuple[tuple[str, ...], ...]:
    """Two short talks of anybody, from the same file, written as ``like`` is.

    A text makes another one likelier that is written the same way: as a play, in small letters, or
    with stops set apart. A yardstick that is written otherwise would measure that.
    """
    talks = _everyday()["scenes" if _PLAYED.search(like) else "talks"]
    return tuple(tuple(_as_written(turn, like) for turn in talk) for talk in talks)


def _as_written(text: str, like: str) -> str:
    text = text if like != like.lower() else text.lower()
    return _STOP_MARK.sub(r" \1", text) if _APART.search(like) else text


@lru_cache(maxsize=1)
def _everyday() -> dict[str, list[Any]]:
    return tomllib.loads(files("rpterm.scoring").joinpath("everyday.toml").read_text("utf-8"))
