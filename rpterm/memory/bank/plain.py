"""Plain text: paragraphs separated by empty lines, chapters recognised by their headings. Pure.

A heading is a paragraph that begins with a word such as "Chapter" and a number; a line right below
a bare "CHAPTER IV" is its title. In a text without such headings, short lines in capitals and
lone numerals are headings. Of a Project Gutenberg file, only the book itself is read.
"""

from __future__ import annotations

import re

from rpterm.memory.bank.passage import Document, Passage

_NUMBER = r"(?:[IVXLC]+|\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_CHAPTER_START = re.compile(
    rf"^(?:chapter|book|part|letter|act|scene|canto|adventure|stave)\s+(?:the\s+)?{_NUMBER}\b"
    r"|^(?:prologue|epilogue)\b",
    re.IGNORECASE,
)
_CHAPTER_NUMBER_ONLY = re.compile(rf"^\w+\s+{_NUMBER}[.:]?$", re.IGNORECASE)
_MAX_HEADING = 90
_MAX_CHAPTER_HEADING = 220
_MAX_CITED = 70
_MIN_CHAPTERS = 2
_GUTENBERG = re.compile(r"\*\*\* ?(?:START|END) OF [^*]+\*\*\*")
_NUMERAL = re.compile(r"[IVXLC]+\.?|\d{1,3}\.")
_SENTENCE_END = re.compile(r"[,;:]$|[a-z]\.$")


def read(text: str) -> Document:
    """The paragraphs of a text, each with its chapter."""
    paragraphs = _paragraphs(_without_gutenberg(text))
    is_heading = _is_chapter
    if sum(map(_is_chapter, paragraphs)) < _MIN_CHAPTERS:
        is_heading = _is_heading
    passages: list[Passage] = []
    chapter, lacks_title = "", False
    for paragraph in paragraphs:
        if lacks_title and len(paragraph) <= _MAX_HEADING and not _SENTENCE_END.search(paragraph):
            chapter, lacks_title = f"{chapter.rstrip('.:')}: {paragraph}", False
        elif is_heading(paragraph):
            chapter, lacks_title = paragraph, bool(_CHAPTER_NUMBER_ONLY.match(paragraph))
        else:
            lacks_title = False
            passages.append(Passage(paragraph, (_shortened(chapter),) if chapter else ()))
    return Document(tuple(passages), "chapter")


def _shortened(chapter: str) -> str:
    """A heading as it is cited; old books summarise the chapter in it."""
    if len(chapter) <= _MAX_CITED:
        return chapter
    return chapter[: chapter.rfind(" ", 0, _MAX_CITED)].rstrip(" ,;:.") + "…"


def _without_gutenberg(text: str) -> str:
    parts = _GUTENBERG.split(text)
    return parts[1] if len(parts) == 3 else text


def _paragraphs(text: str) -> list[str]:
    """Text between empty lines; if there are none, every line is a paragraph."""
    blocks = re.split(r"\n\s*\n", text)
    if len(blocks) < 3 and text.count("\n") > 20:
        blocks = text.split("\n")
    joined = (" ".join(block.split()) for block in blocks)
    return [block for block in joined if block]


def _is_chapter(paragraph: str) -> bool:
    if len(paragraph) > _MAX_CHAPTER_HEADING or not _CHAPTER_START.match(paragraph):
        return False
    return not _SENTENCE_END.search(paragraph)


def _is_heading(paragraph: str) -> bool:
    if len(paragraph) > _MAX_HEADING or paragraph.endswith((",", ";", "!", "?")):
        return False
    if _NUMERAL.fullmatch(paragraph):
        return True
    letters = sum(char.isalpha() for char in paragraph)
    return _is_chapter(paragraph) or (letters >= 4 and paragraph.upper() == paragraph)
