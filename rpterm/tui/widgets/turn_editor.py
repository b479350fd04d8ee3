"""A text area in the place of a turn, to edit it. Knows no chat: posts what was decided."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message

from rpterm.tui.text import harmless
from rpterm.tui.widgets.writing import Area
from rpterm.types import Turn


class TurnEditor(Area):
    """Enter keeps the text, Ctrl+J makes a line, Escape leaves it as it was."""

    DEFAULT_CSS = """
    TurnEditor {
        height: auto;
        max-height: 18;
        margin: 0 2 1 0;
        padding: 0 1;
        border: round $accent;
        border-title-color: $text-accent;
        border-subtitle-color: $text-muted;
        background: $background;
        &:focus { border: round $accent; background: $background; }
        .text-area--cursor-line { background: transparent; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "keep", "keep", priority=True, show=False),
        Binding("ctrl+s", "keep", "keep", priority=True, show=False),
        Binding("ctrl+j,shift+enter,alt+enter", "line", "new line", priority=True, show=False),
        Binding("escape", "leave", "leave", priority=True, show=False),
    ]

    class Closed(Message):
        """The editor was left; ``text`` is ``None`` when nothing shall change."""

        def __init__(self, turn: Turn, text: str | None) -> None:
            super().__init__()
            self.turn, self.text = turn, text

    def __init__(self, turn: Turn) -> None:
        super().__init__(turn.text, highlight_cursor_line=False, tab_behavior="focus")
        self.turn = turn
        self.cursor_blink = False
        self.border_title = Content(f" Editing {harmless(turn.speaker)} ")
        self.border_subtitle = " ⏎ keep · ^J new line · Esc leave "

    def on_mount(self) -> None:
        self.move_cursor(self.document.end)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """No higher than the transcript: it scrolls its own text, and shows its cursor by that."""
        room = container.height - self.styles.gutter.height
        return max(1, min(super().get_content_height(container, viewport, width), room))

    def action_keep(self) -> None:
        self.call_later(self._keep)  # Keys that were typed before it may still be on their way.

    def _keep(self) -> None:
        text = self.text.strip()
        changed = text if text and text != self.turn.text else None
        self.post_message(self.Closed(self.turn, changed))

    def action_leave(self) -> None:
        self.post_message(self.Closed(self.turn, None))

    def action_line(self) -> None:
        self.insert("\n")
