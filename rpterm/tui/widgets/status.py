"""The status line: model, state, context usage and cost of the last reply. Knows no engine.

On a narrow terminal the least important parts are dropped first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textual.content import Content

from rpterm.humanize import counted
from rpterm.tui import text
from rpterm.tui.widgets.fitted_text import FittedText


class Phase(StrEnum):
    """What the chat is doing."""

    OPENING = "opening"
    LOADING = "loading"
    EVALUATING = "reading"
    THINKING = "thinking"
    WRITING = "writing"
    SETTLING = "preparing"
    READY = "ready"
    FAILED = "no model"
    CLOSED = "not open"


_STYLE = {
    Phase.READY: ("●", "$text-success"),
    Phase.FAILED: ("✗", "$text-error"),
    Phase.THINKING: ("◔", "$text-accent"),
    Phase.CLOSED: ("✗", "$text-error"),
    Phase.WRITING: ("✎", "$text-accent"),
    Phase.EVALUATING: ("◐", "$text-accent"),
    Phase.LOADING: ("◌", "$text-warning"),
    Phase.OPENING: ("◌", "$text-warning"),
    Phase.SETTLING: ("○", text.MUTED),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What the line shows; values of zero are left out.

    Attributes:
        model: The model's name.
        share: Progress of loading, 0 to 1.
        done, total: Progress of prompt evaluation, in tokens; ``done`` also counts a thought.
        silent_s: Whole seconds since the model was last heard, if they are many.
        used, context: Tokens of the last prompt with its reply, and of the context window.
        left: Turns that did not fit into that prompt.
        reused, evaluated: Tokens of that prompt taken from the KV cache, and evaluated.
        rate: Tokens per second of the last reply.
        first_s: Seconds from Enter to its first token.
        score: How well the last reply stays in character, in a few words; "" if unknown.
        hint: A short sentence at the end.
    """

    phase: Phase = Phase.OPENING
    model: str = ""
    share: float = 0.0
    done: int = 0
    total: int = 0
    silent_s: int = 0
    used: int = 0
    context: int = 0
    left: int = 0
    reused: int = 0
    evaluated: int = 0
    rate: float = 0.0
    first_s: float = 0.0
    score: str = ""
    hint: str = ""


_MODEL_CELLS = 28
"""Cells for a model's name."""
Part = tuple[int, Content]
"""A part of the line with its rank: parts of a higher rank are dropped first."""


class StatusLine(FittedText):
    """The line of figures."""

    DEFAULT_CSS = """
    StatusLine { height: 1; padding: 0 2; color: $text-muted; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.figures = Figures()

    def show(self, figures: Figures) -> None:
        """Show these figures."""
        if figures != self.figures:
            self.figures = figures
            self._draw()

    def _draw(self) -> None:
        self.update(fit(parts(self.figures), max(0, self.size.width)))


def parts(figures: Figures) -> list[Part]:
    """The parts of the line, left to right."""
    found: list[Part] = [(0, _state(figures))]
    if figures.model:
        found.append((4, Content(_model(figures.model))))
    if figures.context and figures.used:
        found.append((1, _fill(figures)))
    if figures.left:
        found.append((2, Content(f"{counted(figures.left, 'turn')} left out")))
    if figures.reused or figures.evaluated:
        cost = f"reused {figures.reused:,} · evaluated {figures.evaluated:,}"
        found.append((5, Content(cost)))
    if figures.score:
        found.append((3, Content(figures.score)))
    if figures.rate:
        found.append((6, Content(f"{counted(round(figures.rate), 'token')}/s")))
    if figures.first_s:
        found.append((7, Content(f"first after {figures.first_s:.2f} s")))
    if figures.hint:
        found.append((8, Content.styled(figures.hint, "italic")))
    return found


def fit(found: list[Part], width: int) -> Content:
    """Join the parts with gaps, dropping the least important ones until they fit."""
    while len(found) > 1 and _width(found) > width:
        found = [part for part in found if part[0] != max(rank for rank, _ in found)]
    return Content("   ").join(content for _, content in found)


def _width(found: list[Part]) -> int:
    return sum(content.cell_length for _, content in found) + 3 * (len(found) - 1)


def _state(figures: Figures) -> Content:
    mark, style = _STYLE[figures.phase]
    name = str(figures.phase)
    if figures.phase is Phase.LOADING and figures.share:
        name = f"loading {figures.share:.0%}"
    elif figures.phase is Phase.EVALUATING and figures.total:
        name = f"reading {figures.done:,}/{figures.total:,}"
    elif figures.phase is Phase.THINKING and figures.done:
        name = f"thinking {figures.done:,}"
    if figures.silent_s:
        name += f" · nothing for {figures.silent_s} s"
    return Content.assemble((f"{mark} {name}", style))


def _model(name: str) -> str:
    """The model's name, shortened so that the name of an adapter after " + " stays visible."""
    model, plus, adapter = name.partition(" + ")
    adapter = text.one_line(adapter, _MODEL_CELLS // 2)
    return text.one_line(model, _MODEL_CELLS - len(plus + adapter)) + plus + adapter


def _fill(figures: Figures) -> Content:
    share = figures.used / figures.context
    filled, empty = text.bar(share, 8)
    style = "$text-error" if share > 0.95 else "$text-warning" if share > 0.85 else "$text-primary"
    return Content.assemble(
        (filled, style), (empty, text.FAINT),
        f" {figures.used:,}/{figures.context:,}",
    )  # fmt: skip
