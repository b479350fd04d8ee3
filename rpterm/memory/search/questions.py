"""How much of a remembered line only asks something, and what that means for its score.

People ask the same things again, so a question is most like an earlier question, which says
nothing: "Where do I live?" found "where do you live?" of five other days. The line after it does
say something, in words of its own: a question's score is lowered, and part of it flows to the
answer.

Measured on the development half of LoCoMo (R@5 / R@10): 0.725 / 0.813 without, 0.750 / 0.824 with
the discount alone, 0.760 / 0.831 with both; better in every conversation and in both halves of the
questions. Discounts from 0.5 to 1 and shares from 0.1 to 0.4 all reach at least 0.748 / 0.826.
Meaning that flows on from every line, not from questions alone, adds nothing.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from rpterm.memory.indexing.words import terms
from rpterm.text.sentences import sentences

DISCOUNT = 0.7
"""The share of a pure question's own score that it loses."""
TO_ANSWER = 0.2
"""The share of it that flows to the next line, on top of what flows to every neighbour."""

_CLOSING = "\"”’'»*_)]」』）"
_MARKS = ("?", "？")
_AUX = r"(?:is|are|am|was|were|do|did|does|have|has|can|could|will|would|should)(?:n['’]t)?"
_UNMARKED = re.compile(
    r"\W*(?:(?:hey|ok|okay|um|wait|well|also|btw),? )*(?:"
    r"(?:(?:so|and|but),? )?(?:what|where|when|who|how|which|why)(?:s|['’]s"
    rf"| (?:(?!(?:I|you|we|he|she|it|they|my)\b)\w+ )?{_AUX})\b"
    rf"|{_AUX} (?:I|we|you|he|she|they)\b"
    r"|(?:is|are|was|were|does|has) (?:it|this|that|my|your|the)\b)",
    re.IGNORECASE,
)
"""A question as people type it: without its mark."""

Floats = NDArray[np.float32]


def asks(sentence: str) -> bool:
    """Whether a sentence is a question, with or without its mark."""
    return sentence.rstrip(_CLOSING).endswith(_MARKS) or _UNMARKED.match(sentence) is not None


def question_share(text: str) -> float:
    """The share of a text's terms that stand in questions, from 0 to 1."""
    if not any(mark in text for mark in _MARKS) and not _UNMARKED.match(text):
        return 0.0
    asked = total = 0
    for sentence in sentences(text):
        count = len(terms(sentence))
        total += count
        if asks(sentence):
            asked += count
    return asked / total if total else 1.0


def discounted(scores: Floats, shares: Floats) -> Floats:
    """Each row's score without what it owes to its questions."""
    return scores * (1 - np.float32(DISCOUNT) * shares)


def from_question_before(
    scores: Floats, shares: Floats, rows: NDArray[np.int64], before: NDArray[np.int32]
) -> Floats:
    """What flows to some rows from the questions right before them.

    Args:
        scores: One for each of ``rows``, undiscounted.
        shares: The question share of each of ``rows``.
        rows: Sorted row numbers.
        before: For every row of the index, the previous row of its sitting, or -1.
    """
    asked = before[rows]
    place = np.minimum(np.searchsorted(rows, asked), max(0, len(rows) - 1))
    found = (asked >= 0) & (rows[place] == asked) if len(rows) else np.zeros(0, np.bool_)
    flow = np.float32(TO_ANSWER) * shares * scores
    return np.where(found, flow[place], 0).astype(np.float32)
