"""The Prompt pane: the next prompt, piece by piece, before it is sent.

Shows a ``Prompt`` record. Enter or a click on a piece unfolds its text. Knows no engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static
from textual.widgets.option_list import Option

from rpterm.tui import text
from rpterm.tui.widgets.long_list import heading
from rpterm.tui.widgets.panes.list_pane import FoldingPane, PaneList
from rpterm.types import LeftOut, Prompt, Span

ZONES = {
    "static": ("█", "$text-primary", "the same until the card changes"),
    "history": ("▓", "$text-secondary", "only grows"),
    "volatile": ("▒", "$text-accent", "this turn only"),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A row of the list: one or more spans that belong together, or something left out.

    Attributes:
        why: Why it is in the prompt, or is not.
        about: What the folded row says about it: the reason, or the first words of the text.
    """

    key: str
    source: str
    tokens: int
    why: str
    body: str
    about: str = ""
    is_left_out: bool = False


class PromptPane(FoldingPane):
    """A bar, its legend, and the list of pieces."""

    def __init__(self) -> None:
        super().__init__("prompt")
        self._prompt: Prompt | None = None
        self._problem = "Waiting for the model…"
        self._pieces: dict[str, Piece] = {}

    def compose(self) -> ComposeResult:
        yield Static(id="prompt-head", markup=False)
        yield PaneList()

    def show(self, prompt: Prompt | None, problem: str = "") -> None:
        """Show a prompt, or why there is none."""
        if prompt is None and not problem:
            return
        self._problem = problem
        if prompt is not None and prompt == self._prompt:
            return
        self._prompt = prompt if prompt is not None else self._prompt
        self.draw()

    def _draw(self) -> None:
        self.query_one("#prompt-head", Static).update(self._head(self.width))
        if self._prompt is None:
            return
        self.listed.refill(
            self._options(self._prompt), lambda before: before if before in self._pieces else ""
        )

    def _head(self, width: int) -> Content:
        prompt = self._prompt
        title = Content.styled("Prompt", "bold $text-primary")
        if prompt is None:
            return title + Content("\n\n") + Content.styled(self._problem, text.MUTED)
        total = f"{prompt.tokens:,} of {prompt.context:,} tokens"
        first = text.justify(title, (total, text.MUTED), width, 2)
        head = Content.assemble(first, "\n", _bar(prompt, width), "\n", _legend(prompt, width))
        if self._problem:
            head = Content.assemble(head, "\n", (self._problem, "$text-error"))
        return head

    def _options(self, prompt: Prompt) -> Iterable[Option]:
        self._pieces = {}
        zone = ""
        for piece_zone, piece in pieces(prompt.spans):
            if piece_zone != zone:
                zone = piece_zone
                mark, style, note = ZONES[zone]
                yield heading(f"{mark} {zone}", note, style)
            yield self._option(piece)
        if prompt.left_out:
            yield heading("○ left out", style="$text-warning")
        for piece in left_out(prompt.left_out):
            yield self._option(piece)

    def _option(self, piece: Piece) -> Option:
        self._pieces[piece.key] = piece
        return Option(self._row(piece.key) or "", id=piece.key)

    def _row(self, key: str) -> Content | None:
        if (piece := self._pieces.get(key)) is None:
            return None
        return (_unfolded if key in self._unfolded else _folded)(piece, self.width)


def _title(piece: Piece, mark: str, width: int, note: str = "") -> Content:
    """The first line of a row: the source, a note if there is room for it, and the tokens."""
    number = f"{piece.tokens:,}" if piece.tokens else "–"
    room = width - len(number) - 2
    left = Content.assemble((f"{mark} ", text.FAINT), piece.source).truncate(room, ellipsis=True)
    room -= left.cell_length + 2
    if note and room > 8:
        words = Content.styled(note, text.MUTED).truncate(room, ellipsis=True)
        left = Content.assemble(left, "  ", words)
    return text.justify(left, number, width)


def _folded(piece: Piece, width: int) -> Content:
    if not piece.is_left_out:
        return _title(piece, "▸", width, piece.about)
    why = Content.styled(f"  {text.one_line(piece.why)}", text.MUTED)
    return Content.assemble(_title(piece, "▸", width), "\n", why.truncate(width, ellipsis=True))


def _unfolded(piece: Piece, width: int) -> Content:
    body = Content.styled(text.harmless(piece.body).strip("\n") or "(empty)", "$foreground 80%")
    parts = [_title(piece, "▾", width)]
    if piece.why:
        why = Content.styled(text.one_line(piece.why), f"italic {text.MUTED}")
        parts.append(text.hang(why, width))
    return Content("\n").join([*parts, text.hang(body, width), Content("")])


def pieces(spans: Sequence[Span]) -> Iterable[tuple[str, Piece]]:
    """Group the spans into pieces; yields each piece with its zone.

    Template tokens are merged with the piece they wrap, and neighbouring spans of the same source
    with each other.
    """
    seen: dict[str, int] = {}
    for main, group in _grouped(spans):
        seen[main.source] = seen.get(main.source, 0) + 1
        yield main.zone, Piece(
            f"{main.source}#{seen[main.source]}", text.harmless(main.source),
            sum(span.tokens for span in group), main.why, "".join(s.text for s in group),
            _about(main),
        )  # fmt: skip


def _grouped(spans: Sequence[Span]) -> Iterable[tuple[Span, list[Span]]]:
    """Groups of spans that form one piece, each with the span that names it."""
    groups: list[tuple[Span, list[Span]]] = []
    pending: list[Span] = []
    for index, span in enumerate(spans):
        pending.append(span)
        following = spans[index + 1] if index + 1 < len(spans) else None
        if span.source == "template" and following is not None and following.zone == span.zone:
            continue
        main = next((s for s in reversed(pending) if s.source != "template"), span)
        if groups and (groups[-1][0].source, groups[-1][0].zone) == (main.source, main.zone):
            groups[-1][1].extend(pending)
        else:
            groups.append((main, pending))
        pending = []
    return groups


def _about(span: Span) -> str:
    """What a folded row says: for the card, turns and examples their first words say most."""
    if not span.source.startswith(("card.", "persona", "turn:", "example:")):
        return span.why
    title, _, rest = span.text.strip().partition("\n")
    words = rest if rest and title.endswith(":") else f"{title} {rest}"
    return text.one_line(words.strip().removeprefix("- "), 100)


def left_out(items: Sequence[LeftOut]) -> Iterable[Piece]:
    """What was left out of the prompt, as pieces."""
    for index, item in enumerate(items):
        source = text.harmless(item.source)
        yield Piece(
            f"out:{item.source}#{index}", source, item.tokens, item.why, item.text,
            is_left_out=True,
        )  # fmt: skip


def _zones(prompt: Prompt) -> dict[str, int]:
    return {zone: sum(span.tokens for span in prompt.spans if span.zone == zone) for zone in ZONES}


def _bar(prompt: Prompt, width: int) -> Content:
    context = max(1, prompt.context, prompt.tokens)
    parts: list[tuple[str, str]] = []
    used = 0
    for zone, tokens in _zones(prompt).items():
        cells = min(width - used, max(1 if tokens else 0, round(tokens / context * width)))
        used += cells
        parts.append((ZONES[zone][0] * cells, ZONES[zone][1]))
    reserve = min(width - used, round(prompt.reserve / context * width))
    parts.append(("┄" * reserve, text.MUTED))
    parts.append(("─" * (width - used - reserve), text.FAINT))
    return Content.assemble(*parts)


def _legend(prompt: Prompt, width: int) -> Content:
    """What the marks of the bar mean, in one line if they fit, or else in two columns."""
    entries = [(*ZONES[zone][:2], f"{zone} {n:,}") for zone, n in _zones(prompt).items()]
    entries.append(("┄", text.MUTED, f"reply {prompt.reserve:,}"))
    cells = [
        Content.assemble((f"{mark} ", style), (label, text.MUTED)) for mark, style, label in entries
    ]
    line = Content("   ").join(cells)
    if line.cell_length <= width:
        return line
    left = width // 2
    rows = [
        first.pad_right(max(1, left - first.cell_length)) + second
        for first, second in zip(cells[::2], cells[1::2], strict=True)
    ]
    return Content("\n").join(rows)
