"""Text for the terminal: made harmless, in the styles that all widgets share, laid out in cells."""

from __future__ import annotations

import re
from collections.abc import Iterable

from textual.content import Content, Span
from textual.style import Style

ACTION = "italic $foreground 70%"
MUTED = "$foreground 60%"
FAINT = "$foreground-disabled"

Part = str | tuple[str, str] | Content

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


def link(text: str, action: str, style: str = "") -> Content:
    """Text that runs an action of its widget when it is clicked."""
    spans: list[Span] = [Span(0, len(text), Style.from_meta({"@click": action}))]
    if style:
        spans.append(Span(0, len(text), style))
    return Content(text, spans)


def key_link(key: str, label: str, action: str) -> Content:
    """A key and its label, both of which run the action when clicked."""
    return Content.assemble(link(key, action, "bold $text-primary"), " ", link(label, action))


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


def flow(cells: Iterable[Content], width: int) -> Content:
    """Cells side by side in as many lines of ``width`` as they need; none is broken."""
    lines: list[Content] = []
    for cell in cells:
        if lines and lines[-1].cell_length + 2 + cell.cell_length <= width:
            lines[-1] = Content.assemble(lines[-1], "  ", cell)
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
