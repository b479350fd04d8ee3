"""Turns role-play markup into styled ``Content``.

``*action*`` is italic and muted, ``"speech"`` has the accent colour, ``**bold**`` and `` `code` ``
are what they say. Nothing in a text is ever parsed as Rich or Textual markup. Knows no turn, no
widget and no chat.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from textual.content import Content, Span

from rpterm.tui.text import ACTION, harmless

SPEECH = "$text-accent"
BOLD = "bold"
CODE = "$text-success on $panel"

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
