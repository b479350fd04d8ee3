"""The year up to which the people of a book can know anything, where the book tells it. Pure.

Only two things are safe: the year that the front of a book was printed or copyrighted in, which
nobody in it can look beyond, and whole dates ("May 4, 1882"), which are hardly ever those of
history. A bare "in 1666" may be a fire long ago.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rpterm.almanac import MONTHS
from rpterm.novels.speech import Paragraph
from rpterm.sentences import sentences

_FRONT = 30
"""Paragraphs at the front in which a book tells when it was printed."""
_LONGEST = 300
"""Characters of a paragraph of a title page."""
_PRINTED = re.compile(
    r"\b(?:copyright|©|first (?:published|printed|edition)|published|printed)\b[^.]{0,60}?\b"
    r"(1[5-9]\d\d|20[0-4]\d)\b",
    re.IGNORECASE,
)
_MONTH = "(?:" + "|".join(MONTHS) + ")"
_DATED = re.compile(
    rf"\b(?:{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH},?)\s+"
    r"(1[0-9]\d\d|20[0-4]\d)\b"
)
_PAST = re.compile(r"\b(?:ago|years before|in those days|last century)\b")
"""Words that put a date before the time of the story."""
_LEAST = 2
"""Whole dates that a book must name before the latest counts."""


def latest(paragraphs: Sequence[Paragraph]) -> tuple[str, str] | None:
    """A year, and the words that tell it; ``None`` where the book does not."""
    printed = [
        (found[1], each.text)
        for each in paragraphs[:_FRONT]
        if len(each.text) <= _LONGEST and (found := _PRINTED.search(each.text)) is not None
    ]
    if printed:
        return min(printed)
    dated = [
        (match[1], sentence)
        for each in paragraphs
        if _DATED.search(each.text)
        for sentence in sentences(each.text)
        if not _PAST.search(sentence)
        for match in _DATED.finditer(sentence)
    ]
    return max(dated) if len(dated) >= _LEAST else None
