"""The Chats pane: the list of chats, next to the open one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from rpterm.tui import text
from rpterm.tui.screens.chooser import Choice
from rpterm.tui.widgets.panes.list_pane import ListPane, PaneList


class ChatsPane(ListPane):
    """A list of chats, the open one marked."""

    DEFAULT_CSS = "ChatsPane #chats-head { padding: 0 1 1 1; }"

    def __init__(self, choose: Callable[[int], object]) -> None:
        """``choose`` is called with the id of a chat that was chosen."""
        super().__init__(name="chats")
        self._choose = choose
        self._choices: list[Choice] = []
        self._current = ""

    def compose(self) -> ComposeResult:
        yield Static(Content.styled("Chats", "bold $text-primary"), id="chats-head")
        yield PaneList()

    def show(self, choices: Sequence[Choice], current: int) -> None:
        """Show these chats; ``current`` is the id of the open one."""
        self._choices, self._current = list(choices), str(current)
        self.draw()

    @on(OptionList.OptionSelected)
    def on_chat_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._choose(int(event.option.id or 0))

    def _draw(self) -> None:
        width, ids = self.width, [choice.id for choice in self._choices]
        self.listed.fill(
            (Option(self._row(choice, width), id=choice.id) for choice in self._choices),
            ids.index(self._current) if self._current in ids else None,
        )

    def _row(self, choice: Choice, width: int) -> Content:
        is_open = choice.id == self._current
        mark = ("● ", "$text-accent") if is_open else ("  ", "")
        title = choice._replace(suffix="").heading(width - 2, "bold" if is_open else "")
        about = " · ".join(part for part in (choice.suffix, choice.right) if part)
        detail = Content.styled(about, text.MUTED).truncate(width - 2, ellipsis=True)
        return Content.assemble(mark, title, "\n  ", detail)
