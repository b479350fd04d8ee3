"""The latest year the people of a book can know about, if the book says so. Pure.

Only two sources are safe: the year of printing or copyright at the front of the book, which nobody
in it can look beyond, and complete dates ("May 4, 1882"), which are hardly ever historical. A bare
"in 1666" may refer to a fire long ago.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rpterm.novels.quotations import Paragraph
from rpterm.text.calendar_names import MONTHS
from rpterm.text.sentences import sentences

_FRONT_MATTER = 30
"""Paragraphs at the front in which a book says when it was printed."""
_MAX_CHARS = 300
"""Characters of a title-page paragraph at most."""
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
"""Words that place a date before the time of the story."""
_MIN_DATES = 2
"""Complete dates a book must contain before the latest one counts."""


def latest_year(paragraphs: Sequence[Paragraph]) -> tuple[str, str] | None:
    """A year and the text that shows it; ``None`` if the book contains neither."""
    printed = [
        (found[1], each.text)
        for each in paragraphs[:_FRONT_MATTER]
        if len(each.text) <= _MAX_CHARS and (found := _PRINTED.search(each.text)) is not None
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
    return max(dated) if len(dated) >= _MIN_DATES else None
