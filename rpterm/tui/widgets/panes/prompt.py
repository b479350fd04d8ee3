"""The Prompt pane: the next prompt, piece by piece, before it is sent.

Shows a ``Prompt`` record. Enter or a click on a piece unfolds its text. Knows no engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from rpterm.tui import text
from rpterm.tui.widgets.panes.list_pane import ListPane, PaneList, heading
from rpterm.types import LeftOut, Prompt, Span

ZONES = {
    "static": ("█", "$text-primary", "the same until the card changes"),
    "history": ("▓", "$text-secondary", "only grows"),
    "volatile": ("▒", "$text-accent", "this turn only"),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A row of the list: one or more spans that belong together, or something left out."""

    key: str
    source: str
    tokens: int
    why: str
    body: str


class PromptPane(ListPane):
    """A bar, its legend, and the list of pieces."""

    DEFAULT_CSS = """
    PromptPane {
        #prompt-head { height: auto; padding: 0 2 0 1; }
        PaneList { margin: 1 0 0 0; }
    }
    """

    def __init__(self) -> None:
        super().__init__("prompt")
        self._prompt: Prompt | None = None
        self._problem = "Waiting for the model…"
        self._unfolded: set[str] = set()
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

    @on(OptionList.OptionSelected)
    def fold(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        key = event.option.id or ""
        self._unfolded ^= {key}
        if key in self._pieces:
            event.option_list.replace_option_prompt(key, self._row(self._pieces[key], self.width))

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
        width = self.width
        zone = ""
        for piece_zone, piece in pieces(prompt.spans):
            if piece_zone != zone:
                zone = piece_zone
                mark, style, note = ZONES[zone]
                yield heading(f"{mark} {zone}", note, style)
            self._pieces[piece.key] = piece
            yield Option(self._row(piece, width), id=piece.key)
        if prompt.left_out:
            yield heading("○ left out", style="$text-warning")
        for piece in left_out(prompt.left_out):
            self._pieces[piece.key] = piece
            yield Option(self._row(piece, width), id=piece.key)

    def _row(self, piece: Piece, width: int) -> Content:
        open_ = piece.key in self._unfolded
        number = f"{piece.tokens:,}" if piece.tokens else "–"
        left = Content.assemble(("▾ " if open_ else "▸ ", text.FAINT), piece.source)
        room = width - len(number) - 2
        left = left.truncate(room, ellipsis=True)
        is_left_out = piece.key.startswith("out:")
        why = text.one_line(piece.why)
        room -= left.cell_length + 2
        if why and room > 8 and not (open_ or is_left_out):
            reason = Content.styled(why, text.MUTED).truncate(room, ellipsis=True)
            left = Content.assemble(left, "  ", reason)
        row = text.justify(left, number, width)
        if is_left_out and not open_:
            reason = Content.styled(f"  {why}", text.MUTED).truncate(width, ellipsis=True)
            row = Content.assemble(row, "\n", reason)
        if open_:
            body = text.harmless(piece.body).strip("\n") or "(empty)"
            if why:
                row = Content.assemble(row, "\n", (f"  {why}", f"italic {text.MUTED}"))
            row = Content.assemble(row, "\n", (body, "$foreground 80%"), "\n")
        return row


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
            sum(span.tokens for span in group), _reason(main), "".join(s.text for s in group),
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


def _reason(span: Span) -> str:
    """Why a piece is in the prompt; for turns and examples their first words say more."""
    if span.source.startswith(("turn:", "example:")):
        return text.one_line(span.text, 60)
    return span.why


def left_out(items: Sequence[LeftOut]) -> Iterable[Piece]:
    """What was left out of the prompt, as pieces."""
    for index, item in enumerate(items):
        source = text.harmless(item.source)
        yield Piece(f"out:{item.source}#{index}", source, item.tokens, item.why, item.text)


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
    """What the marks of the bar mean, in two columns."""
    entries = [(*ZONES[zone][:2], f"{zone} {n:,}") for zone, n in _zones(prompt).items()]
    entries.append(("┄", text.MUTED, f"reply {prompt.reserve:,}"))
    cells = [
        Content.assemble((f"{mark} ", style), (label, text.MUTED)) for mark, style, label in entries
    ]
    left = width // 2
    rows = [
        first.pad_right(max(1, left - first.cell_length)) + second
        for first, second in zip(cells[::2], cells[1::2], strict=True)
    ]
    return Content("\n").join(rows)
