"""Markdown: paragraphs, each under its path of headings. Emphasis and link markup is removed.
Pure."""

from __future__ import annotations

import re

from rpterm.memory.bank.passage import Document, Passage

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_SETEXT_UNDERLINE = re.compile(r"^(=+|-+)\s*$")
_FENCE = re.compile(r"^(```|~~~)")
_LIST = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_IMAGE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])")
_EMPHASIS = re.compile(r"(\*\*|__|\*|`+)(?=\S)(.+?)(?<=\S)\1")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def read(text: str) -> Document:
    """The paragraphs of a Markdown text."""
    reader = _Reader()
    for line in _FRONT_MATTER.sub("", text).split("\n"):
        reader.line(line)
    reader.end_paragraph()
    return Document(tuple(reader.passages), "heading")


def without_markup(text: str) -> str:
    """A paragraph without markup."""
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    return " ".join(_EMPHASIS.sub(r"\2", text).split())


class _Reader:
    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self._heading_path: list[tuple[int, str]] = []
        self._lines: list[str] = []
        self._fence = ""

    def line(self, line: str) -> None:
        fence = _FENCE.match(line.strip())
        if fence:
            self._fence = "" if self._fence == fence[1] else self._fence or fence[1]
        elif self._fence:
            self._lines.append(line)
        elif match := _HEADING.match(line):
            self._start_section(len(match[1]), match[2])
        elif self._lines and _SETEXT_UNDERLINE.match(line) and not _LIST.match(self._lines[-1]):
            title = self._lines.pop()
            self._start_section(1 if line[0] == "=" else 2, title)
        elif not line.strip() or _LIST.match(line):
            self.end_paragraph()
            if line.strip():
                self._lines.append(_LIST.sub("", line))
        else:
            self._lines.append(line.removeprefix(">").strip())

    def end_paragraph(self) -> None:
        """Store the paragraph collected so far."""
        text = without_markup(" ".join(self._lines))
        self._lines = []
        if text.strip("-*_ "):
            self.passages.append(Passage(text, tuple(title for _, title in self._heading_path)))

    def _start_section(self, level: int, title: str) -> None:
        self.end_paragraph()
        while self._heading_path and self._heading_path[-1][0] >= level:
            self._heading_path.pop()
        self._heading_path.append((level, without_markup(title)))
