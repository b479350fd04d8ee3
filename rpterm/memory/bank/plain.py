"""Plain text: paragraphs between empty lines, chapters by their headings. Pure.

A heading is a paragraph that begins with a word such as "Chapter" and a number; a line right below
a bare "CHAPTER IV" is its title. In a text without such headings, short lines in capitals are. Of a
Project Gutenberg file only the book counts.
"""

from __future__ import annotations

import re

from rpterm.memory.bank.passage import Document, Passage

_NUMBER = r"(?:[IVXLC]+|\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_HEAD = re.compile(
    rf"^(?:chapter|book|part|letter|act|scene|canto|adventure|stave)\s+(?:the\s+)?{_NUMBER}\b"
    r"|^(?:prologue|epilogue)\b",
    re.IGNORECASE,
)
_BARE = re.compile(rf"^\w+\s+{_NUMBER}[.:]?$", re.IGNORECASE)
_LONGEST = 90
_LONGEST_CHAPTER = 220
_CITED = 70
_FEW = 2
_GUTENBERG = re.compile(r"\*\*\* ?(?:START|END) OF [^*]+\*\*\*")
_SENTENCE_END = re.compile(r"[,;:]$|[a-z]\.$")


def read(text: str) -> Document:
    """The paragraphs of a text with the chapter each stands in."""
    paragraphs = _paragraphs(_book(text))
    is_heading = _is_chapter
    if sum(map(_is_chapter, paragraphs)) < _FEW:
        is_heading = _is_heading
    passages: list[Passage] = []
    chapter, bare = "", False
    for paragraph in paragraphs:
        if bare and len(paragraph) <= _LONGEST and not _SENTENCE_END.search(paragraph):
            chapter, bare = f"{chapter.rstrip('.:')}: {paragraph}", False
        elif is_heading(paragraph):
            chapter, bare = paragraph, bool(_BARE.match(paragraph))
        else:
            bare = False
            passages.append(Passage(paragraph, (_cited(chapter),) if chapter else ()))
    return Document(tuple(passages), "chapter")


def _cited(chapter: str) -> str:
    """A heading as it is cited: old books say in it what happens."""
    if len(chapter) <= _CITED:
        return chapter
    return chapter[: chapter.rfind(" ", 0, _CITED)].rstrip(" ,;:.") + "…"


def _book(text: str) -> str:
    parts = _GUTENBERG.split(text)
    return parts[1] if len(parts) == 3 else text


def _paragraphs(text: str) -> list[str]:
    """Between empty lines; a text without any has a paragraph a line."""
    blocks = re.split(r"\n\s*\n", text)
    if len(blocks) < 3 and text.count("\n") > 20:
        blocks = text.split("\n")
    joined = (" ".join(block.split()) for block in blocks)
    return [block for block in joined if block]


def _is_chapter(paragraph: str) -> bool:
    if len(paragraph) > _LONGEST_CHAPTER or not _HEAD.match(paragraph):
        return False
    return not _SENTENCE_END.search(paragraph)


def _is_heading(paragraph: str) -> bool:
    if len(paragraph) > _LONGEST or paragraph.endswith((",", ";", "!", "?")):
        return False
    letters = sum(char.isalpha() for char in paragraph)
    return _is_chapter(paragraph) or (letters >= 4 and paragraph.upper() == paragraph)
