"""Splits the paragraphs of a book into quotations and narration. Pure.

It knows quotation marks and nothing about speakers. A paragraph has one speaker, which holds in
nearly all printed prose; an unclosed quotation continues in the next paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_MARKS = ("“”", "«»", "»«", "„“", "„”", '""', "‘’", "‹›", "›‹", "‚‘", "「」")
"""Opening and closing marks; of two kinds used equally often, the first counts."""
_MIN_QUOTATIONS = 8
"""Quotations in one kind of marks that are needed before these count as the book's marks."""
_SPEECH_END = re.compile(r"[.,!?…;:—–-]$")
_LOST_APOSTROPHE = re.compile(r"(?<=[A-Za-z]) (?=(?:s|t|m|d|ll|re|ve)\b(?!['’]))")
_APOSTROPHE = re.compile(r"(?<=[A-Za-z])['’](?=[a-z])")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph, split into quotations and narration.

    Attributes:
        index: Its index in the book.
        narration_parts: Narration before, between and after the quotations, one more than these.
        quotes: The quotations without marks; empty if nobody speaks.
        continues_speech: Whether the speaker of the previous paragraph is still speaking.
    """

    index: int
    text: str
    narration_parts: tuple[str, ...]
    quotes: tuple[str, ...]
    continues_speech: bool = False

    @property
    def speech(self) -> str:
        """All quotations as one text."""
        return " ".join(self.quotes)

    @property
    def narration(self) -> str:
        """All narration as one text."""
        return " ".join(piece for piece in self.narration_parts if piece)


def split_paragraphs(paragraphs: Sequence[str]) -> list[Paragraph]:
    """Every paragraph of a book, split; without quotation marks nobody speaks."""
    marks = marks_of(paragraphs)
    split: list[Paragraph] = []
    was_open = False
    for at, text in enumerate(paragraphs):
        narration, quotes, is_open = _split(text, marks) if marks else ((text,), (), False)
        starts_quoted = bool(quotes) and not narration[0].strip()
        split.append(Paragraph(at, text, narration, quotes, was_open and starts_quoted))
        was_open = is_open
    return split


def restore_apostrophes(paragraphs: Sequence[str]) -> Sequence[str]:
    """The paragraphs with apostrophes that some copies of books have lost: "Kemp s", "I don t".

    Every text keeps its length. A book that has more apostrophes than such gaps has lost none.
    """
    lost = sum(len(_LOST_APOSTROPHE.findall(text)) for text in paragraphs)
    kept = sum(len(_APOSTROPHE.findall(text)) for text in paragraphs)
    if lost < _MIN_QUOTATIONS or lost < kept:
        return paragraphs
    return [_LOST_APOSTROPHE.sub("'", text) for text in paragraphs]


def marks_of(paragraphs: Iterable[str]) -> tuple[str, str] | None:
    """The book's quotation marks, or ``None``; what stands first in a paragraph is the opening."""
    counts = dict.fromkeys(_MARKS, 0)
    for text in paragraphs:
        for marks in _MARKS:
            opening, closing = marks[0], marks[1]
            begins = text.find(opening)
            first = begins if closing == "’" else text.find(closing)  # "’" may be an apostrophe
            if 0 <= begins <= first and closing in text[begins + 1 :]:
                counts[marks] += text.count(opening)
    best = max(_MARKS, key=lambda marks: counts[marks])
    return (best[0], best[1]) if counts[best] >= _MIN_QUOTATIONS else None


def _split(text: str, marks: tuple[str, str]) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Narration, quotations, and whether the last quotation is still open at the end."""
    narration, quotes, is_open = [""], [], False
    for quoted, piece, closed in _pieces(text, marks):
        follows_quote = not narration[-1].strip()
        is_speech = quoted and (_SPEECH_END.search(piece) or not closed or follows_quote)
        if is_speech and piece:
            quotes.append(piece)
            narration.append("")
            is_open = not closed
        else:
            narration[-1] = f"{narration[-1]} {piece}".strip()
    return tuple(narration), tuple(quotes), is_open


def _pieces(text: str, marks: tuple[str, str]) -> Iterator[tuple[bool, str, bool]]:
    """Pieces in order: whether each is quoted, its text, and whether its quotation was closed."""
    start, quoted = 0, False
    for found in re.finditer("[" + re.escape("".join(set(marks))) + "]", text):
        mark, at = found.group(), found.start()
        if mark == marks[1] == "’" and (not quoted or text[at + 1 : at + 2].isalpha()):
            continue  # an apostrophe
        if quoted and mark != marks[1]:
            continue
        yield quoted, text[start:at].strip(), True
        start, quoted = at + 1, not quoted
    yield quoted, text[start:].strip(), False
