"""The talk of a book: for each paragraph what is said in it and what is told. Pure.

It knows quotation marks and nothing of who speaks. A paragraph belongs to one speaker, which holds
in nearly all printed prose; a quotation that is not closed goes on in the next paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_MARKS = (("“", "”"), ("«", "»"), ("„", "“"), ('"', '"'), ("‘", "’"))
_LEAST = 8
"""Quotations a book must have in one kind of marks before they count as its marks."""
_SPOKEN = re.compile(r"[.,!?…;:—–-]$")
_LOST = re.compile(r"(?<=[A-Za-z]) (?=(?:s|t|m|d|ll|re|ve)\b(?!['’]))")
_KEPT = re.compile(r"(?<=[A-Za-z])['’](?=[a-z])")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph, taken apart.

    Attributes:
        at: Its place in the book, from 0.
        told: Narration before, between and after the quotations: one piece more than ``said``.
        said: The quotations, without marks; empty where nobody speaks.
        goes_on: Whether the speaker of the paragraph before is still speaking.
    """

    at: int
    text: str
    told: tuple[str, ...]
    said: tuple[str, ...]
    goes_on: bool = False

    @property
    def speech(self) -> str:
        """All that is said, as one text."""
        return " ".join(self.said)

    @property
    def narration(self) -> str:
        """All that is told, as one text."""
        return " ".join(piece for piece in self.told if piece)


def take_apart(paragraphs: Sequence[str]) -> list[Paragraph]:
    """Every paragraph of a book; without quotation marks nobody speaks."""
    marks = marks_of(paragraphs)
    found: list[Paragraph] = []
    open_before = False
    for at, text in enumerate(paragraphs):
        told, said, unclosed = _split(text, marks) if marks else ((text,), (), False)
        begins = bool(said) and not told[0].strip()
        found.append(Paragraph(at, text, told, said, open_before and begins))
        open_before = unclosed
    return found


def with_apostrophes(paragraphs: Sequence[str]) -> Sequence[str]:
    """The same, with the apostrophes that some copies of books have lost: "Kemp s", "I don t".

    Every text keeps its length. A book that has more apostrophes than such gaps has lost none.
    """
    lost, kept = (
        sum(len(pattern.findall(text)) for text in paragraphs) for pattern in (_LOST, _KEPT)
    )
    if lost < _LEAST or lost < kept:
        return paragraphs
    return [_LOST.sub("'", text) for text in paragraphs]


def marks_of(paragraphs: Iterable[str]) -> tuple[str, str] | None:
    """The book's quotation marks, or ``None``."""
    whole = "\n".join(paragraphs)
    counted = [(whole.count(marks[0]), -at) for at, marks in enumerate(_MARKS)]
    most, at = max(counted)
    return _MARKS[-at] if most >= _LEAST else None


def _split(text: str, marks: tuple[str, str]) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Narration, quotations, and whether the last quotation is open at the end."""
    told, said, unclosed = [""], [], False
    for quoted, piece, closed in _pieces(text, marks):
        spoken = quoted and (_SPOKEN.search(piece) or not closed or not told[-1].strip())
        if spoken and piece:
            said.append(piece)
            told.append("")
            unclosed = not closed
        else:
            told[-1] = f"{told[-1]} {piece}".strip()
    return tuple(told), tuple(said), unclosed


def _pieces(text: str, marks: tuple[str, str]) -> Iterator[tuple[bool, str, bool]]:
    """Pieces in turn: whether it is quoted, its text, and whether its quotation was closed."""
    start, quoted = 0, False
    for found in re.finditer("[" + re.escape("".join(set(marks))) + "]", text):
        mark, at = found.group(), found.start()
        if mark == marks[1] == "’" and (not quoted or text[at + 1 : at + 2].isalpha()):
            continue  # An apostrophe.
        if quoted and mark != marks[1]:
            continue
        yield quoted, text[start:at].strip(), True
        start, quoted = at + 1, not quoted
    yield quoted, text[start:].strip(), False
