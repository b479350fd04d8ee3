"""One turn of the transcript: who speaks, which version it is, and the text.

One ``Static`` a turn, because every layout pass walks all widgets. It shows what it is given and
posts what was clicked.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widgets import Static

from rpterm.tui import text
from rpterm.tui.widgets.growing import Growing
from rpterm.types import Origin, Status, Turn

FOLD = 6000
"""Characters shown of a very long turn until it is unfolded."""

THOUGHT = 280
"""Characters shown of a thought while it grows, from its end."""

_MARKS = {
    Origin.EDITED: "edited",
    Origin.CONTINUED: "continued",
    Origin.IMPERSONATED: "drafted",
    Origin.IMPORTED: "imported",
}


class TurnView(Static, can_focus=False):
    """A turn on screen."""

    DEFAULT_CSS = """
    TurnView {
        link-style: none; link-style-hover: bold; link-color: $text-muted;
        link-color-hover: $accent; link-background-hover: $background;
        padding: 0 2 0 1;
        margin: 0 0 1 0;
        border-left: blank;
        &.-user { border-left: outer $secondary-muted; }
        &.-ghost { text-opacity: 85%; }
        &.-hidden { text-opacity: 70%; }
        &.-selected { border-left: outer $accent; background: $surface; }
    }
    """

    class SwipeClicked(Message):
        """An arrow of the swipe marker was clicked."""

        def __init__(self, turn: Turn, step: int) -> None:
            super().__init__()
            self.turn, self.step = turn, step

    class Clicked(Message):
        """A turn was clicked."""

        def __init__(self, turn: Turn) -> None:
            super().__init__()
            self.turn = turn

    def __init__(self, turn: Turn) -> None:
        super().__init__(markup=False)
        self.turn = turn
        self._live = turn.status is Status.STREAMING
        self._text = turn.text
        self._unfolded = False
        self._thinks = ""
        self._opened = False
        self._height = 0
        self._spans: tuple[tuple[int, int], ...] = ()
        self._mark = ""
        self._dress()

    @property
    def live(self) -> bool:
        """Whether it is shown as a reply that still grows."""
        return self._live

    @property
    def whole(self) -> str:
        """All of the text, whatever of it is stored or folded."""
        return self._text

    def on_mount(self) -> None:
        self._draw()

    def show(self, turn: Turn) -> None:
        """Show another turn, or the same one as it stands now."""
        if turn == self.turn and not self._live and self._text == turn.text:
            return
        if turn.id != self.turn.id:
            self._unfolded = self._opened = False
            self._spans = ()
        self.turn, self._text, self._thinks = turn, turn.text, ""
        self._live = turn.status is Status.STREAMING
        self._dress()
        self._draw()

    def grow(self, whole: str, *, wait: bool = False) -> None:
        """Show what a streaming reply reads now; ``wait`` lets the frame that is due go first."""
        self._live, self._text = True, whole
        if wait:
            self.call_after_refresh(self._grown)
        else:
            self._grown()

    def think(self, thought: str) -> None:
        """Show what the model thinks while no word of the reply is there."""
        if not self._text:
            self._live, self._thinks = True, thought
            self._grown()

    def toggle_thought(self) -> None:
        """Show what was thought before this reply, or fold it away."""
        self._opened = not self._opened
        self._draw()

    def _grown(self) -> None:
        if self.is_attached and self._live:
            content = self._content()
            self.update(content, layout=self._resized(content))

    def rate(self, mark: str) -> None:
        """Show what was said of this turn, such as ``★★★★☆``; "" shows nothing."""
        if mark != self._mark:
            self._mark = mark
            self._draw()

    def highlight(self, spans: Sequence[tuple[int, int]]) -> None:
        """Underline these places of the text, counted in its characters; none takes it back."""
        if tuple(spans) != self._spans:
            self._spans = tuple(spans)
            self._draw()

    def refresh_head(self) -> None:
        """Draw again: a name may have another colour now."""
        self._draw()

    def _dress(self) -> None:
        self.set_class(self.turn.role == "user", "-user")
        self.set_class(self.turn.id < 0, "-ghost")
        self.set_class(self.turn.hidden, "-hidden")

    def _draw(self) -> None:
        if self.is_attached:
            content = self._content()
            self._resized(content)
            self.update(content)

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        # Textual 8.2.8 would lay everything out a second time for each line a reply grows; here
        # nothing depends on a virtual size.
        return super()._size_updated(size, virtual_size, container_size, layout=False)

    def _resized(self, content: Content) -> bool:
        """Whether it takes another number of lines; only then everything is laid out again."""
        before, width = self._height, self.content_size.width
        self._height = content.get_height({}, width) if width else 0
        return not width or self._height != before

    def _content(self) -> Content:
        marks = bool(self.app.no_color)
        if self._live and self._thinks and not self._text:
            return Content.assemble(self._head(), "\n", _thought(self._thinks[-THOUGHT:], "…"))
        if self._live:
            before = self.content if isinstance(self.content, Growing) else None
            return Growing(self._head(), self._text, marks=marks, before=before)
        body = text.roleplay(self._shown(), marks=marks)
        for start, end in text.places(self._shown(), body.plain, self._spans):
            body = body.stylize("underline $text-warning", start, end)
        folded = len(self._text) - FOLD
        if folded > 0 and not self._unfolded:
            body = (
                body
                + Content("\n")
                + text.link(
                    f"… {text.count(folded)} more characters", "unfold", f"underline {text.MUTED}"
                )
            )
        if self._opened and self.turn.thought:
            body = Content.assemble(_thought(self.turn.thought), "\n\n", body)
        return Content.assemble(self._head(), "\n", body)

    def _shown(self) -> str:
        return self._text if self._unfolded else self._text[:FOLD]

    def _head(self) -> Content:
        turn = self.turn
        tint = getattr(self.screen, "tints", {}).get(turn.speaker, "$text-primary")
        colour = "bold $text-secondary" if turn.role == "user" else f"bold {tint}"
        head = Content.assemble((text.harmless(turn.speaker) or "·", colour))
        if turn.swipes > 1:
            head = Content.assemble(
                head, "  ", text.link("‹", "swipe(-1)", text.MUTED),
                (f" {turn.swipe}/{turn.swipes} ", text.MUTED),
                text.link("›", "swipe(1)", text.MUTED),
            )  # fmt: skip
        if turn.thought and not self._live:
            sign = "▾" if self._opened else "▸"
            head = Content.assemble(head, "  ", text.link(f"{sign} thought", "thought", text.MUTED))
        return Content.assemble(head, *self._notes())

    def _notes(self) -> list[tuple[str, str]]:
        notes = (
            [(f"  {_MARKS[self.turn.origin]}", text.MUTED)] if self.turn.origin in _MARKS else []
        )
        if self.turn.hidden:
            notes.append(("  ⊘ hidden from the model", "$text-warning"))
        if self.turn.status is Status.PARTIAL:
            notes.append(("  ◦ stopped", "$text-warning"))
        elif self.turn.status is Status.FAILED:
            notes.append(("  ✗ failed", "$text-error"))
        elif self.turn.id < 0 and self.turn.role == "user":
            notes.append(("  ◦ waiting for the chat to open", text.MUTED))
        if self._mark:
            notes.append((f"  {self._mark}", text.MUTED))
        return notes

    def action_thought(self) -> None:
        self.toggle_thought()

    def action_swipe(self, step: int) -> None:
        self.post_message(self.SwipeClicked(self.turn, step))

    def action_unfold(self) -> None:
        self._unfolded = True
        self._draw()

    def on_click(self, event: events.Click) -> None:
        if event.chain == 1 and self.turn.id > 0 and not self.text_selection:
            self.post_message(self.Clicked(self.turn))


def _thought(words: str, before: str = "") -> Content:
    """A thought, told from speech by more than its colour."""
    return Content.styled(f"Thought: {before}{text.harmless(words)}", f"italic {text.MUTED}")
