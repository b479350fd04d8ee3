"""A text area that replaces a turn in order to edit it. Posts the result; knows no chat."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.geometry import Size
from textual.message import Message

from rpterm.tui import keys
from rpterm.tui.text import harmless
from rpterm.tui.widgets.text_inputs import JoinerTextArea
from rpterm.types import Turn


class TurnEditor(JoinerTextArea):
    """The editor of a turn; its keys have the scope "turn" in the key registry."""

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

    @dataclass(eq=False)
    class Closed(Message):
        """The editor was closed; ``text`` is ``None`` if nothing is to change."""

        turn: Turn
        text: str | None

    def __init__(self, turn: Turn) -> None:
        super().__init__(turn.text, highlight_cursor_line=False, tab_behavior="focus")
        self.turn = turn
        self.cursor_blink = False
        self.border_title = Content(f"Editing {harmless(turn.speaker)}")

    def on_mount(self) -> None:
        commands, own = keys.of_scope("turn"), keys.of_user(self)
        keys.bind(self, commands)
        hints = (f"{keys.short_key_name(each, own)} {keys.BY_ID[each].label}" for each in commands)
        self.border_subtitle = Content(" · ".join(hints))
        self.move_cursor(self.document.end)

    @property
    def full_text(self) -> str:
        """The current text; named as in ``PromptInput``."""
        return self.text

    @property
    def is_changed(self) -> bool:
        """Whether there is a text that differs from that of the turn."""
        return self.text.strip() not in ("", self.turn.text)

    def put(self, content: str) -> None:
        """Replace the text and move the cursor to its end."""
        self.load_text(harmless(content))
        self.move_cursor(self.document.end)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Limit it to the height of the transcript, so that its own scrolling shows the cursor."""
        max_height = container.height - self.styles.gutter.height
        width -= self.styles.margin.width  # The stream layout of Textual 8.2.8 ignores the margin.
        return max(1, min(super().get_content_height(container, viewport, width), max_height))

    def action_command(self, name: str) -> None:
        """Run a command of the scope "turn", after the keys typed before it."""
        if name == "turn-keep":
            self.call_later(self._keep)
        elif name == "turn-line":
            self.call_later(self.insert, "\n")
        else:
            self.post_message(self.Closed(self.turn, None))

    def _keep(self) -> None:
        changed = self.text.strip() if self.is_changed else None
        self.post_message(self.Closed(self.turn, changed))
