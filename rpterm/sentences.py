"""Where sentences end: one reader for every room. Pure; knows Europe's marks and those of CJK.

A stop after "Dr", "e.g." or a single initial ends nothing. What is doubtful ("No. 7", "etc.") is
told by what follows. A sentence ends where a line does.
"""

from __future__ import annotations

import re

_END = re.compile(r"[.!?…]+[\"”’'»*_)\]]*(?=\s|$)|[。！？][」』）]*|\n")
_TITLE = re.compile(
    r"(?:^|[^\w.])(?:Mrs?|Ms|Mlle|Mme|Messrs|Dr|St|Mt|Prof|Rev|Capt|Col|Gen|Lt|Sgt|Hon|Jr|Sr|[A-HJ-Z])\.$"
)
_MAYBE = re.compile(r"(?:^|[^\w.])(?:vs|etc|approx|e\.g|i\.e)\.$")
_NUMBER = re.compile(r"(?:^|[^\w.])(?:No|Nos|pp?|Vol|ch)\.$", re.IGNORECASE)
_LONGEST = 8
"""Characters that tell a short word and what stands before it."""


def spans(text: str) -> list[tuple[int, int]]:
    """Begin and end of each sentence; what closes it belongs to it, blanks around it do not."""
    found, start = [], 0
    for match in _END.finditer(text):
        end = match.end()
        if abbreviated(text[max(0, end - _LONGEST) : end], text[end : end + _LONGEST]):
            continue
        found += _trimmed(text, start, end)
        start = end
    return found + _trimmed(text, start, len(text))


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order."""
    return [text[start:end] for start, end in spans(text)]


def placed(text: str) -> list[tuple[int, str]]:
    """Where each sentence begins, and the sentence."""
    return [(start, text[start:end]) for start, end in spans(text)]


def abbreviated(before: str, after: str = "") -> bool:
    """Whether the stop that ends ``before`` belongs to a short word and ends no sentence.

    Args:
        after: What follows; with nothing there, what is doubtful ends a sentence.
    """
    end, following = before[-_LONGEST:], after.lstrip()[:1]
    if _TITLE.search(end):
        return True
    if _NUMBER.search(end):
        return following.isdigit()
    return bool(_MAYBE.search(end)) and following.islower()


def _trimmed(text: str, start: int, end: int) -> list[tuple[int, int]]:
    bare = text[start:end].strip()
    start = text.index(bare, start)
    return [(start, start + len(bare))] if bare else []
