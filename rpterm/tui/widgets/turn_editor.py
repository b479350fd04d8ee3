"""A text area in the place of a turn, to edit it. Knows no chat: posts what was decided."""

from __future__ import annotations

from collections.abc import Mapping

from textual.binding import BindingsMap
from textual.content import Content
from textual.geometry import Size
from textual.message import Message

from rpterm.tui import keys
from rpterm.tui.text import harmless
from rpterm.tui.widgets.writing import Area
from rpterm.types import Turn


class TurnEditor(Area):
    """One key keeps the text, one makes a line, one leaves it as it was: see ``keys``."""

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

    class Closed(Message):
        """The editor was left; ``text`` is ``None`` when nothing shall change."""

        def __init__(self, turn: Turn, text: str | None) -> None:
            super().__init__()
            self.turn, self.text = turn, text

    def __init__(self, turn: Turn, overrides: Mapping[str, str]) -> None:
        """``overrides`` are the user's own keys."""
        super().__init__(turn.text, highlight_cursor_line=False, tab_behavior="focus")
        self.turn = turn
        self.cursor_blink = False
        self.border_title = Content(f" Editing {harmless(turn.speaker)} ")
        own = BindingsMap(keys.bindings("turn", overrides))
        self._bindings = BindingsMap.merge([self._bindings, own])
        hints = (f"{keys.hint(key.id, overrides)} {key.label}" for key in keys.of_scope("turn"))
        self.border_subtitle = Content(f" {' · '.join(hints)} ")

    def on_mount(self) -> None:
        self.move_cursor(self.document.end)

    @property
    def whole(self) -> str:
        """The text as it stands now."""
        return self.text

    def put(self, whole: str) -> None:
        """Replace the text and set the cursor behind it."""
        self.load_text(harmless(whole))
        self.move_cursor(self.document.end)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """No higher than the transcript: it scrolls its own text, and shows its cursor by that."""
        room = container.height - self.styles.gutter.height
        width -= self.styles.margin.width  # Which the stream layout of Textual 8.2.8 forgets.
        return max(1, min(super().get_content_height(container, viewport, width), room))

    def action_command(self, name: str) -> None:
        """A key of the registry."""
        if name == "turn-keep":
            self.call_later(self._keep)  # Keys that were typed before it may be on their way yet.
        elif name == "turn-line":
            self.insert("\n")
        else:
            self.post_message(self.Closed(self.turn, None))

    def _keep(self) -> None:
        text = self.text.strip()
        changed = text if text and text != self.turn.text else None
        self.post_message(self.Closed(self.turn, changed))
