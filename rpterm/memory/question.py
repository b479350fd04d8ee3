"""What to search for, from what is being said: the draft first, the last turns behind it.

The two turns before the draft lend it their words at a lower weight. A draft that says little of
its own ("and what did she say about it?") borrows more: their telling words count more than half
as much as its own, and the embedding is of all three together. Where a draft says enough, what is
lent to it only orders what is found and is no reason to recall it (``Question.own``): a question
about a slipper called up seven turns of a tea party by "old", "man" and "smiles" of the reply
before it.

A short draft was lent every word of the last turns, as often as it stood there, at 0.8 and 0.7. On
300 questions of LoCoMo's development half, by words alone, R@8 then and now: "What about X?"
behind four unrelated lines 0.036 → 0.153, "And the X?" behind the rest of the question 0.565 →
0.581, "And what about it?" behind the whole question 0.511 → 0.566; but "And what did she play?"
behind a question about something else 0.435 → 0.325.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rpterm.memory import dates
from rpterm.memory.bm25 import query_terms
from rpterm.memory.dates import TimeSpan
from rpterm.memory.floor import telling
from rpterm.memory.words import plain, terms
from rpterm.types import Turn

ECHO = (0.3, 0.2)
"""What a term of the last turn, and of the one before it, counts against one of the draft."""
SHORT_ECHO = (0.6, 0.55)
"""The same for a draft with fewer than ``_ENOUGH`` words that tell something."""
_ENOUGH = 2
_LONGEST = 600
_LENT = 300


@dataclass(frozen=True, slots=True)
class Question:
    """A search in words, before anything was embedded.

    Attributes:
        terms: Terms and their weights.
        own: Those of them that may be a reason to recall something.
        words: The draft's words as typed, for a search that does its own stemming.
        text: What to embed.
        spans: Times the draft names.
    """

    terms: dict[str, float]
    own: dict[str, float]
    words: tuple[str, ...]
    text: str
    spans: tuple[TimeSpan, ...]


def question(draft: str, path: Sequence[Turn], now: float) -> Question:
    """Build the search for a draft that follows these turns, oldest first."""
    before = [turn.text[-_LONGEST:] for turn in reversed(path[-len(ECHO) :])]
    own = terms(draft)
    short = len(telling(own)) < _ENOUGH
    # Each once, and none of every day: the reply's "a moment later, a moment later" would drown the
    # one name that "Who is Grindle?" asks for.
    echoed = [sorted(telling(found)) if short else found for found in map(terms, before)]
    weighted = [(own, 1.0), *zip(echoed, SHORT_ECHO if short else ECHO, strict=False)]
    lent = [text[-_LENT:] for text in reversed(before)] if short else []
    text = "\n".join([*lent, draft[-2 * _LONGEST :]]).strip()
    found = query_terms(weighted)
    reasons = found if short else query_terms(weighted[:1])
    return Question(found, reasons, plain(draft), text, tuple(dates.spans(draft, now)))
