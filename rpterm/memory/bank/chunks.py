"""Cuts paragraphs into pieces that memory can store and cite. Pure.

A piece consists of complete sentences, as many as fit. The next piece repeats the last sentence of
the previous one, so that what spans a border is found from both sides. A piece never crosses a
heading. A sentence longer than a piece is cut between words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rpterm.memory.bank.passage import Document, Passage
from rpterm.store.memory.files import Piece
from rpterm.text.sentences import sentences

MAX_PIECE = 480
"""Characters, some 110 tokens: the embedder reads 256 tokens, and several pieces fit a prompt."""
MAX_OVERLAP = 140
"""Length of the longest sentence that is repeated at the start of the next piece."""
_MIN_CUT = 160


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    passage: Passage
    offset: int


def split_into_pieces(document: Document, name: str) -> list[Piece]:
    """A document's pieces in order, each with its place, which starts with the file's name."""
    total = max(1, sum(len(passage.text) for passage in document.passages))
    pieces: list[Piece] = []
    for section in _sections(document):
        for group in _groups(section):
            text = " ".join(sentence.text for sentence in group)
            pieces.append(Piece(text, _citation(document, name, group, total)))
    return pieces


def _sections(document: Document) -> Iterator[list[_Sentence]]:
    """The sentences between one heading and the next."""
    section: list[_Sentence] = []
    heading: tuple[str, ...] = ()
    offset = 0
    for passage in document.passages:
        if section and passage.heading != heading:
            yield section
            section = []
        heading = passage.heading
        section += [_Sentence(text, passage, offset) for text in _sentences(passage.text)]
        offset += len(passage.text)
    if section:
        yield section


def _sentences(text: str) -> Iterator[str]:
    """The sentences of a paragraph; none is longer than a piece."""
    return (part for sentence in sentences(text) for part in _cut_to_size(sentence))


def _groups(section: list[_Sentence]) -> Iterator[list[_Sentence]]:
    """The sentences of each piece of a section."""
    group: list[_Sentence] = []
    size = new_count = 0  # sentences that were not in the piece before
    for sentence in section:
        if new_count and size + len(sentence.text) > MAX_PIECE:
            yield group
            group = [group[-1]] if len(group[-1].text) <= MAX_OVERLAP else []
            size, new_count = sum(len(each.text) + 1 for each in group), 0
        group.append(sentence)
        size += len(sentence.text) + 1
        new_count += 1
    if new_count:
        yield group


def _cut_to_size(sentence: str) -> Iterator[str]:
    while len(sentence) > MAX_PIECE:
        space = sentence.rfind(" ", _MIN_CUT, MAX_PIECE)
        cut = space if space > 0 else MAX_PIECE
        yield sentence[:cut]
        sentence = sentence[cut:].lstrip()
    yield sentence


def _citation(document: Document, name: str, group: list[_Sentence], total: int) -> str:
    first, last = group[0].passage, group[-1].passage
    if document.cited_by == "page":
        if first.page == last.page:
            return f"{name}, page {first.page}"
        return f"{name}, pages {first.page}–{last.page}"
    if document.cited_by == "heading":
        return f"{name}, {' › '.join(first.heading)}" if first.heading else name
    percent = 100 * group[0].offset // total
    parts = [name, f"chapter “{first.heading[0]}”" if first.heading else ""]
    # "notes.txt, 0 %" would read like a grade.
    return ", ".join(filter(None, [*parts, f"{percent} %" if percent else ""]))
