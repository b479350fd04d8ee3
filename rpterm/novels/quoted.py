"""Talk in other marks than double quotes, put into double quotes. Pure.

British editions quote in single marks, which typewriters made of apostrophes; Irish and many
translated books begin talk with a dash and mark no end. Which way a book has is told by what most
of its paragraphs do. The tags of talk after a dash are found by English verbs alone: in other
languages the whole paragraph is talk.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rpterm.novels.tags import NAME, SAID

_LEAST = 8
"""Paragraphs with talk in one way before it is the book's way."""
_OPEN = re.compile(r"(?<![\w.,!?;:…])'(?=[\w“\"—…_-])")
_CLOSE = re.compile(r"(?<=[.,!?;:…—–_-])'(?!\w)")
_DASH = re.compile(r"^(?:—|–|--|-\s|―)\s*")
_SAYS = "|".join(sorted(SAID))
_WHO = rf"(?:{NAME}|he|she|I|(?:the|an?|his|her|my)\s(?:[a-z]+\s){{0,2}}[a-z]+)"
_TAG = re.compile(
    rf"(?:(?<=[,.!?…])\s*(?:[—–]\s*)?|\s*[—–]\s*)(?P<tag>(?:(?:{_SAYS})\s{_WHO}|"
    rf"{_WHO}\s(?:{_SAYS}))"
    r"(?:\s(?:[a-z]+ly|to\s\w+))?"
    r"(?:,\s(?:[a-z]+ing|with|and|as|in|without|who|at)\b[^.!?]*|"
    r"\s[a-z][^.,!?—]*)?[.,!?]?[—–]?[.,]?)(?=\s|$)"
)


def with_quotes(paragraphs: Sequence[str]) -> Sequence[str]:
    """The same paragraphs with their talk in “ ”; a book that has double quotes stays as it is."""
    double = sum(any(mark in text for mark in '“"«„‘') for text in paragraphs)
    dashes = sum(bool(_DASH.match(text)) for text in paragraphs)
    single = sum(bool(_OPEN.search(text) and _CLOSE.search(text)) for text in paragraphs)
    if max(dashes, single) < _LEAST or double >= max(dashes, single):
        return paragraphs
    if dashes > single:
        return [_undashed(text) for text in paragraphs]
    return [_doubled(text) for text in paragraphs]


def _doubled(text: str) -> str:
    """Single quotes made double ones, apostrophes left; double ones within become single ones."""
    if _OPEN.search(text) is None:
        return text
    found = list(text)
    quoted = False
    for match in re.finditer("'", text):
        at = match.start()
        if not quoted and _OPEN.match(text, at):
            found[at], quoted = "“", True
        elif quoted and _closes(text, at):
            found[at], quoted = "”", False
    return "".join(found)


def _closes(text: str, at: int) -> bool:
    """Whether a mark ends a quotation: after a stop, or after a word where nothing else does."""
    if text[at + 1 : at + 2].isalnum():
        return False
    if _CLOSE.match(text, at):
        return True
    after = _OPEN.search(text, at + 1)
    return _CLOSE.search(text, at + 1, after.start() if after else len(text)) is None


def _undashed(text: str) -> str:
    """Talk after a dash in double quotes, without "said Anna" within."""
    dash = _DASH.match(text)
    if dash is None:
        return text
    parts, at = [], dash.end()
    for match in _TAG.finditer(text, at):
        parts.append(f"“{text[at : match.start()].strip()}” {match['tag'].strip('—– ')}")
        at = match.end()
    rest = text[at:].strip(" —–")
    return " ".join([*parts, f"“{rest}”"] if rest else parts)
