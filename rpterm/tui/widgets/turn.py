"""One turn of the transcript: the speaker, the version and the text.

A single ``Static`` per turn, because every layout pass visits all widgets. It shows what it is
given and posts what was clicked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widgets import Static

from rpterm.tui import markup, text
from rpterm.tui.widgets.streaming_content import StreamingContent
from rpterm.types import Origin, Status, Turn

FOLD = 6000
"""Characters of a very long turn that are shown until it is unfolded."""

THOUGHT = 280
"""Characters of a growing thought that are shown, counted from its end."""

_ORIGINS = {
    Origin.EDITED: "edited",
    Origin.CONTINUED: "continued",
    Origin.IMPERSONATED: "drafted",
    Origin.IMPORTED: "imported",
}


class TurnView(Static, can_focus=False):
    """The widget of one turn.

    Attributes:
        live: Whether it is shown as a reply that is still growing.
        full_text: The complete text, including what is not stored yet or folded away.
    """

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

    @dataclass(eq=False)
    class SwipeClicked(Message):
        """An arrow of the swipe marker was clicked."""

        turn: Turn
        step: int

    @dataclass(eq=False)
    class Clicked(Message):
        """A turn was clicked."""

        turn: Turn

    def __init__(self, turn: Turn) -> None:
        super().__init__(markup=False)
        self.turn = turn
        self.live = turn.status is Status.STREAMING
        self.full_text = turn.text
        self._unfolded = False
        self._live_thought = ""
        self._shows_thought = False
        self._height = 0
        self._spans: tuple[tuple[int, int], ...] = ()
        self._rating = ""
        self._set_classes()

    def on_mount(self) -> None:
        self.draw()

    def show(self, turn: Turn) -> None:
        """Show another turn, or a new state of the same one."""
        if turn == self.turn and not self.live and self.full_text == turn.text:
            return
        if turn.id != self.turn.id:
            self._unfolded = self._shows_thought = False
            self._spans = ()
        self.turn, self.full_text, self._live_thought = turn, turn.text, ""
        self.live = turn.status is Status.STREAMING
        self._set_classes()
        self.draw()

    def grow(self, full_text: str, *, wait: bool = False) -> None:
        """Show a streaming reply as it is now; ``wait`` draws it after the next frame."""
        self.live, self.full_text = True, full_text
        if wait:
            self.call_after_refresh(self._draw_live)
        else:
            self._draw_live()

    def think(self, thought: str) -> None:
        """Show what the model thinks until the reply itself starts."""
        if not self.full_text:
            self.live, self._live_thought = True, thought
            self._draw_live()

    def toggle_thought(self) -> None:
        """Show or hide the thought before this reply."""
        self._shows_thought = not self._shows_thought
        self.draw()

    def _draw_live(self) -> None:
        if self.is_attached and self.live:
            content = self._content()
            self.update(content, layout=self._height_changed(content))

    def rate(self, rating: str) -> None:
        """Show a rating of this turn, such as ``★★★★☆``; "" shows none."""
        if rating != self._rating:
            self._rating = rating
            self.draw()

    def highlight(self, spans: Sequence[tuple[int, int]]) -> None:
        """Underline these spans (character offsets into the text); no spans clears them."""
        if tuple(spans) != self._spans:
            self._spans = tuple(spans)
            self.draw()

    def _set_classes(self) -> None:
        self.set_class(self.turn.role == "user", "-user")
        self.set_class(self.turn.id < 0, "-ghost")
        self.set_class(self.turn.hidden, "-hidden")

    def draw(self) -> None:
        """Draw it again, because its state or the colour of a speaker has changed."""
        if self.is_attached:
            content = self._content()
            self._height_changed(content)
            self.update(content)

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        # Textual 8.2.8 would lay out everything a second time for each line a reply grows by;
        # nothing here depends on a virtual size.
        return super()._size_updated(size, virtual_size, container_size, layout=False)

    def _height_changed(self, content: Content) -> bool:
        """Record the content's height; only a change of it requires a new layout."""
        before, width = self._height, self.content_size.width
        self._height = content.get_height({}, width) if width else 0
        return not width or self._height != before

    def _content(self) -> Content:
        marks = bool(self.app.no_color)
        if self.live and self._live_thought and not self.full_text:
            thought = _thought_content(f"…{self._live_thought[-THOUGHT:]}")
            return Content.assemble(self._head(), "\n", thought)
        if self.live:
            before = self.content if isinstance(self.content, StreamingContent) else None
            return StreamingContent(self._head(), self.full_text, marks=marks, before=before)
        body = self._body(marks)
        if self._shows_thought and self.turn.thought:
            body = Content.assemble(_thought_content(self.turn.thought), "\n\n", body)
        return Content.assemble(self._head(), "\n", body)

    def _body(self, marks: bool) -> Content:
        shown = self.full_text if self._unfolded else self.full_text[:FOLD]
        body = markup.roleplay(shown, marks=marks)
        for start, end in markup.map_spans(shown, body.plain, self._spans):
            body = body.stylize("underline $text-warning", start, end)
        if folded := len(self.full_text) - len(shown):
            label = f"… {folded:,} more characters"
            unfold = text.link(label, "unfold", f"underline {text.MUTED}")
            body = Content.assemble(body, "\n", unfold)
        return body

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
        if turn.thought and not self.live:
            sign = "▾" if self._shows_thought else "▸"
            head = Content.assemble(head, "  ", text.link(f"{sign} thought", "thought", text.MUTED))
        return Content.assemble(head, *self._notes())

    def _notes(self) -> list[tuple[str, str]]:
        notes = []
        if origin := _ORIGINS.get(self.turn.origin):
            notes.append((f"  {origin}", text.MUTED))
        if self.turn.hidden:
            notes.append(("  ⊘ hidden from the model", "$text-warning"))
        if self.turn.status is Status.PARTIAL:
            notes.append(("  ◦ stopped", "$text-warning"))
        elif self.turn.status is Status.FAILED:
            notes.append(("  ✗ failed", "$text-error"))
        elif self.turn.id < 0 and self.turn.role == "user":
            notes.append(("  ◦ waiting for the chat to open", text.MUTED))
        if self._rating:
            notes.append((f"  {self._rating}", text.MUTED))
        return notes

    def action_thought(self) -> None:
        self.toggle_thought()

    def action_swipe(self, step: int) -> None:
        self.post_message(self.SwipeClicked(self.turn, step))

    def action_unfold(self) -> None:
        self._unfolded = True
        self.draw()

    def on_click(self, event: events.Click) -> None:
        on_link = "@click" in event.style.meta
        if event.chain == 1 and self.turn.id > 0 and not (on_link or self.text_selection):
            self.post_message(self.Clicked(self.turn))


def _thought_content(thought: str) -> Content:
    """A thought, distinguished from speech by more than its colour."""
    return Content.styled(f"Thought: {text.harmless(thought)}", f"italic {text.MUTED}")
