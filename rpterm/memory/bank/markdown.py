"""Markdown: paragraphs under the path of their headings. Marks of emphasis and links go. Pure."""

from __future__ import annotations

import re

from rpterm.memory.bank.passage import Document, Passage

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_UNDERLINE = re.compile(r"^(=+|-+)\s*$")
_FENCE = re.compile(r"^(```|~~~)")
_LIST = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_IMAGE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])")
_EMPHASIS = re.compile(r"(\*\*|__|\*|`+)(?=\S)(.+?)(?<=\S)\1")
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def read(text: str) -> Document:
    """The paragraphs of a Markdown text."""
    reader = _Reader()
    for line in _FRONT.sub("", text).split("\n"):
        reader.line(line)
    reader.end()
    return Document(tuple(reader.passages), "heading")


def plain(text: str) -> str:
    """One paragraph as it reads."""
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    return " ".join(_EMPHASIS.sub(r"\2", text).split())


class _Reader:
    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self._path: list[tuple[int, str]] = []
        self._lines: list[str] = []
        self._fence = ""

    def line(self, line: str) -> None:
        fence = _FENCE.match(line.strip())
        if fence:
            self._fence = "" if self._fence == fence[1] else self._fence or fence[1]
        elif self._fence:
            self._lines.append(line)
        elif match := _HEADING.match(line):
            self._heading(len(match[1]), match[2])
        elif self._lines and _UNDERLINE.match(line) and not _LIST.match(self._lines[-1]):
            title = self._lines.pop()
            self._heading(1 if line[0] == "=" else 2, title)
        elif not line.strip() or _LIST.match(line):
            self.end()
            if line.strip():
                self._lines.append(_LIST.sub("", line))
        else:
            self._lines.append(line.removeprefix(">").strip())

    def end(self) -> None:
        """The paragraph is complete."""
        text = plain(" ".join(self._lines))
        self._lines = []
        if text.strip("-*_ "):
            self.passages.append(Passage(text, tuple(title for _, title in self._path)))

    def _heading(self, level: int, title: str) -> None:
        self.end()
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        self._path.append((level, plain(title)))
