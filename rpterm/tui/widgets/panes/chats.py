"""The Chats pane: the list of chats, next to the open one. Posts which one was chosen."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from rpterm.tui import text
from rpterm.tui.screens.chooser import Choice
from rpterm.tui.widgets.long_list import LongList


class ChatsPane(Vertical):
    """A list of chats, the open one marked."""

    DEFAULT_CSS = """
    ChatsPane {
        #chats-head { height: auto; padding: 0 1 1 1; }
        OptionList {
            height: 1fr; padding: 0; border: none; background: $background;
            scrollbar-size-vertical: 1;
            &:focus { border: none; background-tint: transparent; }
            .option-list--option { padding: 0 1; }
            .option-list--option-highlighted { background: transparent; color: $foreground;
                text-style: none; }
            &:focus .option-list--option-highlighted { background: $block-cursor-background; }
        }
    }
    """

    class Chosen(Message):
        """A chat was chosen."""

        def __init__(self, chat_id: int) -> None:
            super().__init__()
            self.chat_id = chat_id

    def __init__(self) -> None:
        super().__init__(name="chats")
        self._choices: list[Choice] = []
        self._current = ""

    def compose(self) -> ComposeResult:
        yield Static(Content.styled("Chats", "bold $text-primary"), id="chats-head")
        yield LongList()

    def show(self, choices: Sequence[Choice], current: int) -> None:
        """Show these chats; ``current`` is the id of the open one."""
        self._choices, self._current = list(choices), str(current)
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    @on(OptionList.OptionSelected)
    def on_chat_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Chosen(int(event.option.id or 0)))

    def _draw(self) -> None:
        if not self.is_attached or not self.size.width:
            return
        width = max(16, self.size.width - 4)
        ids = [choice.id for choice in self._choices]
        self.query_one(LongList).fill(
            (Option(self._row(choice, width), id=choice.id) for choice in self._choices),
            ids.index(self._current) if self._current in ids else None,
        )

    def _row(self, choice: Choice, width: int) -> Content:
        is_open = choice.id == self._current
        mark = ("● ", "$text-accent") if is_open else ("  ", "")
        title = choice.heading(width - 2, "bold" if is_open else "")
        detail = Content.styled(choice.right, text.MUTED).truncate(width - 2, ellipsis=True)
        return Content.assemble(mark, title, "\n  ", detail)
