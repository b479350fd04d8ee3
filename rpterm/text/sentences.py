"""Sentence splitting, used everywhere in rpterm; it knows European and CJK punctuation.

A full stop after "Dr", "e.g." or a single initial does not end a sentence. Ambiguous cases
("No. 7", "etc.") are decided by what follows. The end of a line always ends a sentence.
"""

from __future__ import annotations

import re

_END = re.compile(r"[.!?…]+[\"”’'»*_)\]]*(?=\s|$)|[。！？][」』）]*|\n")
_TITLE = re.compile(
    r"(?:^|[^\w.])(?:Mrs?|Ms|Mlle|Mme|Messrs|Dr|St|Mt|Prof|Rev|Capt|Col|Gen|Lt|Sgt|Hon|Jr|Sr|[A-HJ-Z])\.$"
)
_AMBIGUOUS = re.compile(r"(?:^|[^\w.])(?:vs|etc|approx|e\.g|i\.e)\.$")
_NUMBER = re.compile(r"(?:^|[^\w.])(?:No|Nos|pp?|Vol|ch)\.$", re.IGNORECASE)
_LOOK_AROUND = 8
"""Characters around a full stop that are enough to recognise an abbreviation."""


def spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence, with its closing punctuation, without surrounding spaces."""
    found, start = [], 0
    for match in _END.finditer(text):
        end = match.end()
        if is_abbreviation(text[max(0, end - _LOOK_AROUND) : end], text[end : end + _LOOK_AROUND]):
            continue
        found += _trimmed(text, start, end)
        start = end
    return found + _trimmed(text, start, len(text))


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order."""
    return [text[start:end] for start, end in spans(text)]


def with_offsets(text: str) -> list[tuple[int, str]]:
    """Each sentence with the offset of its first character."""
    return [(start, text[start:end]) for start, end in spans(text)]


def is_abbreviation(before: str, after: str = "") -> bool:
    """Whether the full stop at the end of ``before`` belongs to an abbreviation, not a sentence.

    Args:
        after: The text that follows; if it is empty, ambiguous abbreviations end a sentence.
    """
    end, following = before[-_LOOK_AROUND:], after.lstrip()[:1]
    if _TITLE.search(end):
        return True
    if _NUMBER.search(end):
        return following.isdigit()
    return bool(_AMBIGUOUS.search(end)) and following.islower()


def _trimmed(text: str, start: int, end: int) -> list[tuple[int, int]]:
    bare = text[start:end].strip()
    start = text.index(bare, start)
    return [(start, start + len(bare))] if bare else []
