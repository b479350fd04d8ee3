"""Plain text: paragraphs between empty lines, chapters by their headings. Pure.

A heading is a short line of its own that begins with a word such as "Chapter" and a number, or
that stands in capitals between empty lines. A line right below a bare "CHAPTER IV" is its title.
Of a Project Gutenberg file only the book counts.
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
_GUTENBERG = re.compile(r"\*\*\* ?(?:START|END) OF [^*]+\*\*\*")
_SENTENCE_END = re.compile(r"[,;:]$|[a-z]\.$")


def read(text: str) -> Document:
    """The paragraphs of a text with the chapter each stands in."""
    passages: list[Passage] = []
    chapter = ""
    bare = False
    for paragraph in _paragraphs(_book(text)):
        if bare and _short(paragraph) and not _SENTENCE_END.search(paragraph):
            chapter, bare = f"{chapter.rstrip('.:')}: {paragraph}", False
            continue
        bare = False
        if _is_heading(paragraph):
            chapter, bare = paragraph, bool(_BARE.match(paragraph))
            continue
        passages.append(Passage(paragraph, (chapter,) if chapter else ()))
    return Document(tuple(passages), "chapter")


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


def _short(line: str) -> bool:
    return len(line) <= _LONGEST


def _is_heading(line: str) -> bool:
    if not _short(line):
        return False
    if _HEAD.match(line) and not _SENTENCE_END.search(line):
        return True
    letters = [char for char in line if char.isalpha()]
    return len(letters) >= 4 and line.upper() == line and not line.endswith((",", ";", "!", "?"))
