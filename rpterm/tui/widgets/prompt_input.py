"""The line one writes in. Grows to eight lines, takes pastes of any size; knows no chat.

Keys whose meaning depends on what is written (Enter, the arrows, ``?``) are decided here, in the
input's own queue: decided by the screen, a quick typist on a busy machine would be overtaken by
their own Enter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import events
from textual.message import Message

from rpterm.tui import text
from rpterm.tui.widgets.writing import Area

CHIP_FROM = 8000
"""A paste longer than this many characters is shown as one short mark in the text."""


class PromptInput(Area):
    """A text area that asks its owner about each key before it takes it."""

    DEFAULT_CSS = """
    PromptInput {
        height: auto;
        max-height: 8;
        min-height: 1;
        padding: 0 1;
        border: round $panel;
        background: $background;
        scrollbar-size-vertical: 1;
        &:focus { border: round $primary-muted; background: $background; }
        .text-area--placeholder { color: $text-disabled; }
        .text-area--cursor-line { background: transparent; }
    }
    """

    class Emptied(Message):
        """The input became empty, or stopped being so."""

        def __init__(self, empty: bool) -> None:
            super().__init__()
            self.empty = empty

    class Drafted(Message):
        """The text changed."""

    def __init__(
        self, *, id: str | None = None, press: Callable[[str], bool] = lambda _key: False
    ) -> None:
        """``press`` is told each key by name and says whether it did something with it."""
        super().__init__(
            id=id, compact=False, highlight_cursor_line=False, show_line_numbers=False,
            tab_behavior="focus",
        )  # fmt: skip
        self._press = press
        self._pastes: dict[str, str] = {}
        self._was_empty = True
        self.undrawn = False
        """Whether a key came since the last frame."""
        self.cursor_blink = False

    @property
    def empty(self) -> bool:
        return not self.text

    @property
    def whole(self) -> str:
        """The text with every folded paste in full."""
        whole = self.text
        for mark, pasted in self._pastes.items():
            whole = whole.replace(mark, pasted)
        return whole

    def put(self, whole: str) -> None:
        """Replace the text and set the cursor behind it."""
        self._pastes.clear()
        self.load_text(self._fold(text.harmless(whole)))
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        self.undrawn = True
        self.call_after_refresh(setattr, self, "undrawn", False)
        if self._press(event.key):
            event.stop()
            event.prevent_default()
            await asyncio.sleep(0)  # What it does begins before the next key is taken.

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if self.read_only:
            return
        pasted = self._fold(text.harmless(event.text))
        if result := self._replace_via_keyboard(pasted, *self.selection):
            self.move_cursor(result.end_location)

    def on_text_area_changed(self) -> None:
        if self.empty != self._was_empty:
            self._was_empty = self.empty
            self.post_message(self.Emptied(self.empty))
        self.post_message(self.Drafted())

    def _fold(self, pasted: str) -> str:
        if len(pasted) <= CHIP_FROM:
            return pasted
        mark = f"⟦{text.count(len(pasted))} pasted characters·{len(self._pastes) + 1}⟧"
        self._pastes[mark] = pasted
        return mark
