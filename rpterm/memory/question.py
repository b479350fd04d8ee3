"""What to search for, from what is being said: the draft first, the last turns behind it.

A short draft ("and then?") says little of its own, so the two turns before it lend it their words
at a lower weight, and their text to the embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rpterm.memory import dates
from rpterm.memory.bm25 import query_terms
from rpterm.memory.dates import TimeSpan
from rpterm.memory.words import plain, terms
from rpterm.types import Turn

ECHO = (0.3, 0.2)
"""What a term of the last turn, and of the one before it, counts against one of the draft."""
_ENOUGH = 3
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Question:
    """A search in words, before anything was embedded.

    Attributes:
        terms: Terms and their weights.
        words: The draft's words as typed, for a search that does its own stemming.
        text: What to embed.
        spans: Times the draft names.
    """

    terms: dict[str, float]
    words: tuple[str, ...]
    text: str
    spans: tuple[TimeSpan, ...]


def question(draft: str, path: Sequence[Turn], now: float) -> Question:
    """Build the search for a draft that follows these turns, oldest first."""
    before = [turn.text[-_LONGEST:] for turn in reversed(path[-len(ECHO) :])]
    own = terms(draft)
    weighted = [(own, 1.0), *zip(map(terms, before), ECHO, strict=False)]
    lent = before[:1] if len(own) < _ENOUGH else []
    text = "\n".join([*lent, draft[-2 * _LONGEST :]]).strip()
    return Question(query_terms(weighted), plain(draft), text, tuple(dates.spans(draft, now)))
