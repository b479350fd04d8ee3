"""The dialog to flag what is wrong with a reply: the arrows choose sentences, the input takes why.

It gets a text and returns a span of it with a reason. It knows neither turns nor the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content, Span
from textual.widgets import Input, Static

from rpterm.text.sentences import spans
from rpterm.tui import text
from rpterm.tui.screens.dialog import Dialog, framed
from rpterm.tui.widgets.text_inputs import JoinerInput


@dataclass(frozen=True, slots=True)
class Flagged:
    """A flagged span with the reason; ``span`` is ``None`` for the entire reply."""

    span: tuple[int, int] | None
    reason: str


class FlagScreen(Dialog[Flagged]):
    """Flags the entire reply until an arrow key chooses a sentence."""

    DEFAULT_CSS = """
    FlagScreen {
        #box { width: 84; }
        #text { height: auto; max-height: 14; margin: 0 0 1 1; scrollbar-size-vertical: 1; }
        #part { color: $text-muted; padding: 0 1; }
    }
    """
    AUTO_FOCUS = "#reason"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "step(1)", "next sentence", show=False, priority=True),
        Binding("up", "step(-1)", "sentence before", show=False, priority=True),
        Binding("shift+down", "widen(1)", "one more", show=False, priority=True),
        Binding("shift+up", "widen(-1)", "one less", show=False, priority=True),
    ]

    def __init__(self, text_to_flag: str) -> None:
        super().__init__()
        self._text, self._spans = text_to_flag, spans(text_to_flag)
        self._first = self._last = -1

    def compose(self) -> ComposeResult:
        hints = ("↑↓ sentence", "Shift+↑↓ more", "⏎ keep", "Esc leave")
        with framed(Vertical(id="box"), "What is wrong here", *hints):
            with VerticalScroll(id="text", can_focus=False):
                yield Static(id="reply", markup=False)
            yield Static(id="part", markup=False)
            yield JoinerInput(placeholder="Why? For example: out of character", id="reason")

    def on_mount(self) -> None:
        self._draw()

    @property
    def span(self) -> tuple[int, int] | None:
        """The marked part of the text, ``None`` for all of it."""
        if self._first < 0:
            return None
        return self._spans[self._first][0], self._spans[self._last][1]

    def action_step(self, by: int) -> None:
        """Mark the next or previous sentence; the entire reply comes before the first one."""
        at = (self._last if by > 0 else self._first) + by
        if -1 <= at < len(self._spans):
            self._first = self._last = at
        self._draw()

    def action_widen(self, by: int) -> None:
        """Extend the mark by a sentence, or shorten it."""
        if self._first >= 0:
            self._last = max(self._first, min(len(self._spans) - 1, self._last + by))
        self._draw()

    @on(Input.Submitted)
    def done(self, event: Input.Submitted) -> None:
        self.dismiss(Flagged(self.span, event.value))

    def _draw(self) -> None:
        # Every control character becomes exactly one symbol, so that offsets stay valid.
        shown = "".join(_printable(char) for char in self._text)
        content = Content(shown)
        if (span := self.span) is not None:
            content = Content(shown, [Span(*span, "reverse $text-accent")])
        self.query_one("#reply", Static).update(content)
        count = self._last - self._first + 1
        part = "The whole reply." if span is None else f"{count} of {len(self._spans)} sentences."
        self.query_one("#part", Static).update(part)
        if span is not None:
            self._reveal(shown, span[0])

    def _reveal(self, shown: str, at: int) -> None:
        box = self.query_one("#text", VerticalScroll)
        width = max(1, box.size.width)
        above = Content(shown[:at]).wrap(width) if at else []
        box.scroll_to(y=max(0, len(above) - 4), animate=False)


def _printable(char: str) -> str:
    return char if char == "\n" else (text.harmless(char)[:1] or " ")
