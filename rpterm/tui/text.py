"""Turns role-play text into styled ``Content`` and makes texts harmless for a terminal.

``*action*`` is italic and muted, ``"speech"`` has the accent colour, ``**bold**`` and `` `code` ``
are what they say. Nothing in a text is ever parsed as Rich or Textual markup. Knows no turn, no
widget and no chat.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from textual.content import Content, Span
from textual.style import Style

ACTION = "italic $foreground 70%"
SPEECH = "$text-accent"
BOLD = "bold"
CODE = "$text-success on $panel"
MUTED = "$foreground 60%"
FAINT = "$foreground-disabled"

Part = str | tuple[str, str] | Content

_MARKS = re.compile(
    r"(?P<code>`(?P<code_in>[^`\n]+)`)"
    r"|(?P<bold>\*\*(?=[^\s*])(?P<bold_in>(?:(?!(?<=\s)\*\*\S)[^\n]|\n(?!\n))+?)(?<=\S)\*\*)"
    r"|(?P<action>(?<![\w*])\*(?=[^\s*])(?P<action_in>(?:[^*\n]|\n(?!\n)|\*\*)+?)(?<=\S)\*(?!\*))"
    r"|(?P<under>(?<!\w)_(?=[^\s_])(?P<under_in>[^_\n]+?)(?<=\S)_(?!\w))"
)
_OPEN = re.compile(r"(?<![\w*])(?P<mark>\*{1,2})(?=[^\s*])[^*\n]*\Z")
_NEVER_CLOSED = re.compile(
    r"(?<![\w*])(?P<mark>\*{1,2})(?=[^\s*\"“„«])(?P<text>[^*\n\"“„«]*[^\s*\"“„«])"
)
_SPEECH = re.compile(r"(?<!\w)[\"“„«][^\"”“«»\n]*(?:[\"”»]|(?=\n|\Z))")
_CONTROL = {code: chr(0x2400 + code) for code in range(0x20) if code not in (0x0A,)}
_CONTROL |= {0x0D: "\n", 0x09: "    ", 0x7F: "␡"}
_CONTROL |= dict.fromkeys(range(128, 160), "�")
_CONTROL |= dict.fromkeys((*range(8234, 8239), *range(8294, 8298), 8206, 8207), "�")
_CONTROL |= {0x2028: "\n", 0x2029: "\n"}
_HARMFUL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def harmless(text: str) -> str:
    """The text with everything that could control a terminal made visible instead.

    Control characters become their pictures (``␛``), direction overrides and lone surrogates the
    replacement character, tabs four spaces, and every kind of line break a line feed.
    """
    if not _HARMFUL.search(text):
        return text
    text = text.replace("\r\n", "\n").translate(_CONTROL)
    return re.sub("[\ud800-\udfff]", "�", text)


def one_line(text: str, limit: int = 200) -> str:
    """The start of a text on one line, without asterisks, for lists and previews."""
    line = " ".join(harmless(text[: limit * 4]).split())
    line = re.sub(r"\*{1,3}(?=\S)|(?<=\S)\*{1,3}", "", line)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


@dataclass(slots=True)
class _Builder:
    """Collects plain text and spans for a ``Content``."""

    parts: list[str] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    length: int = 0

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)


def roleplay(text: str, *, streaming: bool = False, marks: bool = False) -> Content:
    """Style one turn.

    Args:
        text: Made harmless here.
        streaming: Style a mark that is still open at the end as if it were closed, so that
            nothing flickers when it closes.
        marks: Keep the asterisks visible (for terminals without colour).
    """
    out = _Builder()
    _add_styled(harmless(text), out, streaming, marks)
    plain = "".join(out.parts)
    for match in _SPEECH.finditer(plain):
        out.spans.append(Span(match.start(), match.end(), SPEECH))
    return Content(plain, out.spans)


def _add_styled(text: str, out: _Builder, streaming: bool, marks: bool) -> None:
    position = 0
    for match in _MARKS.finditer(text):
        _add_plain(text[position : match.start()], out, False, marks)
        position = match.end()
        kind = next(name for name in ("code", "bold", "action", "under") if match[name])
        _add_marked(match[kind], match[f"{kind}_in"], kind, out, marks)
    _add_plain(text[position:], out, streaming, marks)


def _add_marked(whole: str, inner: str, kind: str, out: _Builder, marks: bool) -> None:
    start = out.length
    if marks:
        out.add(whole)
    elif kind == "code":
        out.add(inner)
    else:
        _add_styled(inner, out, False, marks)
    style = {"code": CODE, "bold": BOLD}.get(kind, ACTION)
    out.spans.append(Span(start, out.length, style))


def _add_plain(text: str, out: _Builder, streaming: bool, marks: bool) -> None:
    """Add text outside of marks. A mark that a model forgot to close ends where speech begins.

    While the text streams, the last open mark may still be closed: it reaches to the end.
    """
    growing = _OPEN.search(text) if streaming else None
    end = growing.start() if growing else len(text)
    position = 0
    for match in _NEVER_CLOSED.finditer(text, 0, end):
        out.add(text[position : match.start()])
        position = match.end()
        _add_open(match["mark"], match["text"], out, marks)
    out.add(text[position:end])
    if growing:
        _add_open(growing["mark"], text[growing.end("mark") :], out, marks)


def _add_open(mark: str, text: str, out: _Builder, marks: bool) -> None:
    start = out.length
    out.add(mark + text if marks else text)
    out.spans.append(Span(start, out.length, BOLD if mark == "**" else ACTION))


def map_spans(source: str, plain: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Map spans of a source text to spans of its plain text.

    Args:
        source: The text as it was written.
        plain: The text without its marks, as ``roleplay`` produces it.
        spans: Start and end offsets in ``source``.
    """
    if not spans:
        return []
    offsets, at = [], 0
    for number, char in enumerate(source):
        offsets.append(at)
        is_carriage_return = source[number : number + 2] == "\r\n"  # Together one line feed.
        for shown in "" if is_carriage_return else harmless(char):
            at += at < len(plain) and plain[at] == shown
    offsets.append(at)
    last = len(offsets) - 1
    mapped = [(offsets[min(start, last)], offsets[min(end, last)]) for start, end in spans]
    return [(start, end) for start, end in mapped if end > start]


def link(text: str, action: str, style: str = "") -> Content:
    """Text that runs an action of its widget when it is clicked."""
    spans: list[Span] = [Span(0, len(text), Style.from_meta({"@click": action}))]
    if style:
        spans.append(Span(0, len(text), style))
    return Content(text, spans)


def key_link(key: str, label: str, action: str, gap: str = " ") -> Content:
    """A key and its label, both of which run the action when clicked."""
    return Content.assemble(link(key, action, "bold $text-primary"), gap, link(label, action))


def justify(left: Part, right: Part, width: int, min_gap: int = 1) -> Content:
    """A line ``width`` cells wide: one part at its left end, the other at its right end.

    Args:
        left: A text, a text with its style, or content.
        right: Likewise.
        width: Cells; the line is longer if the parts do not fit.
        min_gap: Fewest cells between the parts.
    """
    first, last = Content.assemble(left), Content.assemble(right)
    gap = " " * max(min_gap, width - first.cell_length - last.cell_length)
    return Content.assemble(first, gap, last)


def flow(cells: Iterable[Content], width: int, gap: str = "  ") -> Content:
    """Cells side by side in as many lines of ``width`` as they need; none is broken."""
    lines: list[Content] = []
    for cell in cells:
        if lines and lines[-1].cell_length + len(gap) + cell.cell_length <= width:
            lines[-1] = Content.assemble(lines[-1], gap, cell)
        else:
            lines.append(cell)
    return Content("\n").join(lines)


def hang(content: Content, width: int, prefix: Part = "  ") -> Content:
    """Wrap content to ``width`` cells with the prefix, which counts, before each line."""
    before = Content.assemble(prefix)
    lines = content.wrap(max(1, width - before.cell_length))
    return Content("\n").join(before + line for line in lines)


def bar(share: float, width: int) -> tuple[str, str]:
    """The filled and the empty part of a bar ``width`` cells wide."""
    filled = max(0, min(width, round(share * width)))
    if share > 0 and filled == 0 and width:
        filled = 1
    return "━" * filled, "─" * (width - filled)
