"""Paragraphs to pieces that memory can hold and cite. Pure.

A piece is whole sentences, as many as fit; the next one begins with the last sentence of the one
before, so that what stands across a border is found from both sides. A piece never goes over a
heading. A sentence longer than a piece is cut between words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rpterm.memory.bank.passage import Document, Passage
from rpterm.sentences import sentences
from rpterm.store.memory_files import Piece

SIZE = 480
"""Characters of a piece: some 110 tokens. The embedder reads 256, and several fit a prompt."""
OVERLAP = 140
"""Longest sentence that is said again at the start of the next piece."""
_LEAST = 160


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    passage: Passage
    at: int


def pieces(document: Document, name: str) -> list[Piece]:
    """A document's pieces in order, each with its place, which begins with the file's name."""
    total = max(1, sum(len(passage.text) for passage in document.passages))
    found: list[Piece] = []
    for section in _sections(document):
        for group in _groups(section):
            text = " ".join(sentence.text for sentence in group)
            found.append(Piece(text, _place(document, name, group, total)))
    return found


def _sections(document: Document) -> Iterator[list[_Sentence]]:
    """The sentences between one heading and the next."""
    section: list[_Sentence] = []
    heading: tuple[str, ...] = ()
    at = 0
    for passage in document.passages:
        if section and passage.heading != heading:
            yield section
            section = []
        heading = passage.heading
        section += [_Sentence(text, passage, at) for text in _sentences(passage.text)]
        at += len(passage.text)
    if section:
        yield section


def _sentences(text: str) -> Iterator[str]:
    """The sentences of a paragraph; none is longer than a piece."""
    return (part for sentence in sentences(text) for part in _cut(sentence))


def _groups(section: list[_Sentence]) -> Iterator[list[_Sentence]]:
    group: list[_Sentence] = []
    size = fresh = 0
    for sentence in section:
        if fresh and size + len(sentence.text) > SIZE:
            yield group
            group = [group[-1]] if len(group[-1].text) <= OVERLAP else []
            size, fresh = sum(len(one.text) + 1 for one in group), 0
        group.append(sentence)
        size += len(sentence.text) + 1
        fresh += 1
    if fresh:
        yield group


def _cut(sentence: str) -> Iterator[str]:
    while len(sentence) > SIZE:
        at = sentence.rfind(" ", _LEAST, SIZE)
        at = at if at > 0 else SIZE
        yield sentence[:at]
        sentence = sentence[at:].lstrip()
    yield sentence


def _place(document: Document, name: str, group: list[_Sentence], total: int) -> str:
    first, last = group[0].passage, group[-1].passage
    if document.cited_by == "page":
        if first.page == last.page:
            return f"{name}, page {first.page}"
        return f"{name}, pages {first.page}–{last.page}"
    if document.cited_by == "heading":
        return f"{name}, {' › '.join(first.heading)}" if first.heading else name
    share = 100 * group[0].at // total
    parts = [name, f"chapter “{first.heading[0]}”" if first.heading else ""]
    # "notes.txt, 0 %" would read like a verdict.
    return ", ".join(filter(None, [*parts, f"{share} %" if share else ""]))
