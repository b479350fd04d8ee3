"""HTML: paragraphs, each under its path of headings, without scripts, menus and styles. Pure.

Nothing is fetched or executed; broken markup is read as far as possible.
"""

from __future__ import annotations

from html.parser import HTMLParser

from rpterm.memory.bank.passage import Document, Passage

_SKIPPED = frozenset(
    ("script", "style", "nav", "template", "noscript", "svg", "math", "head", "form", "iframe",
     "footer", "aside", "button", "select", "object")
)  # fmt: skip
_INLINE = frozenset(
    ("a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i",
     "ins", "kbd", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub",
     "sup", "time", "tt", "u", "var", "wbr")
)  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_VOID = frozenset(("br", "hr", "img", "meta", "link", "input", "wbr", "col", "area", "base",
                    "embed", "source", "track"))  # fmt: skip


def read(text: str) -> Document:
    """The paragraphs of a page."""
    return Document(tuple(passages(text)), "heading")


def passages(text: str) -> list[Passage]:
    """The paragraphs, each under its path of headings."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.end_paragraph()
    return reader.passages


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.passages: list[Passage] = []
        self._heading_path: list[tuple[int, str]] = []
        self._text: list[str] = []
        self._skipping: list[str] = []
        self._heading_level = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            self._text.append(" ")
        elif tag in _SKIPPED or (self._skipping and tag == self._skipping[-1]):
            self._skipping.append(tag)
        elif tag == "body":
            # An unclosed <head> ends here.
            self._skipping.clear()
        elif tag not in _INLINE:
            self.end_paragraph()
            self._heading_level = _HEADINGS.get(tag, self._heading_level)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._skipping:
            del self._skipping[self._skipping.index(tag) :]
        elif tag not in _INLINE and tag not in _VOID:
            self.end_paragraph()
            if tag in _HEADINGS:
                self._heading_level = 0

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self._text.append(data)

    def end_paragraph(self) -> None:
        """Store the paragraph or heading collected so far."""
        text = " ".join("".join(self._text).split())
        self._text = []
        if not text:
            return
        if self._heading_level:
            while self._heading_path and self._heading_path[-1][0] >= self._heading_level:
                self._heading_path.pop()
            self._heading_path.append((self._heading_level, text.rstrip("¶# ")))  # permalink signs
        else:
            self.passages.append(Passage(text, tuple(title for _, title in self._heading_path)))
