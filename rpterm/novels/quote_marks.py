"""Converts dialogue in single quotes or after dashes into double quotes. Pure.

British editions quote in single marks, typed as apostrophes; Irish and many translated books begin
dialogue with a dash and do not mark its end. A book's style is the one most of its paragraphs use.
Speech tags after a dash are recognised by English verbs only; in other languages the whole
paragraph counts as dialogue.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rpterm.novels.speech_tags import NAME, SPEECH_VERBS

_MIN_PARAGRAPHS = 8
"""Paragraphs with dialogue in one style that are needed before it counts as the book's style."""
_OPEN = re.compile(r"(?<![\w.,!?;:…])'(?=[\w“\"—…_-])")
_CLOSE = re.compile(r"(?<=[.,!?;:…—–_-])'(?!\w)")
_DASH = re.compile(r"^(?:—|–|--|-\s|―)\s*")
_VERBS = "|".join(sorted(SPEECH_VERBS))
_SPEAKER = rf"(?:{NAME}|he|she|I|(?:the|an?|his|her|my)\s(?:[a-z]+\s){{0,2}}[a-z]+)"
_TAG = re.compile(
    rf"(?:(?<=[,.!?…])\s*(?:[—–]\s*)?|\s*[—–]\s*)(?P<tag>(?:(?:{_VERBS})\s{_SPEAKER}|"
    rf"{_SPEAKER}\s(?:{_VERBS}))"
    r"(?:\s(?:[a-z]+ly|to\s\w+))?"
    r"(?:,\s(?:[a-z]+ing|with|and|as|in|without|who|at)\b[^.!?]*|"
    r"\s[a-z][^.,!?—]*)?[.,!?]?[—–]?[.,]?)(?=\s|$)"
)


def with_quotes(paragraphs: Sequence[str]) -> Sequence[str]:
    """The paragraphs with dialogue in “ ”; a book with double quotes is returned unchanged."""
    double = sum(any(mark in text for mark in '“"«„‘') for text in paragraphs)
    dashes = sum(bool(_DASH.match(text)) for text in paragraphs)
    single = sum(bool(_OPEN.search(text) and _CLOSE.search(text)) for text in paragraphs)
    if max(dashes, single) < _MIN_PARAGRAPHS or double >= max(dashes, single):
        return paragraphs
    if dashes > single:
        return [_dash_to_double(text) for text in paragraphs]
    return [_single_to_double(text) for text in paragraphs]


def _single_to_double(text: str) -> str:
    """Turn single quotes into double ones and inner double quotes into single; keep apostrophes."""
    if _OPEN.search(text) is None:
        return text
    characters = list(text)
    inside = False
    for match in re.finditer("'", text):
        index = match.start()
        if not inside and _OPEN.match(text, index):
            characters[index], inside = "“", True
        elif inside and _is_closing(text, index):
            characters[index], inside = "”", False
    return "".join(characters)


def _is_closing(text: str, index: int) -> bool:
    """Whether a mark ends a quotation: after punctuation, or after a word if nothing else does."""
    if text[index + 1 : index + 2].isalnum():
        return False
    if _CLOSE.match(text, index):
        return True
    next_opening = _OPEN.search(text, index + 1)
    end = next_opening.start() if next_opening else len(text)
    return _CLOSE.search(text, index + 1, end) is None


def _dash_to_double(text: str) -> str:
    """Dialogue after a dash in double quotes, with tags such as "said Anna" outside them."""
    dash = _DASH.match(text)
    if dash is None:
        return text
    parts, at = [], dash.end()
    for match in _TAG.finditer(text, at):
        parts.append(f"“{text[at : match.start()].strip()}” {match['tag'].strip('—– ')}")
        at = match.end()
    rest = text[at:].strip(" —–")
    return " ".join([*parts, f"“{rest}”"] if rest else parts)
