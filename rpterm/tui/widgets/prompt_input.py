"""The input of the chat. It grows to eight lines and takes pastes of any size; knows no chat.

Keys whose meaning depends on the text (Enter, the arrows, ``?``) are handled here, in the input's
own message queue. If the screen handled them, a fast typist's Enter could overtake their letters on
a busy machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import events
from textual.message import Message

from rpterm.tui import text
from rpterm.tui.widgets.text_inputs import JoinerTextArea

CHIP_FROM = 8000
"""A paste longer than this many characters is shown as a short placeholder in the text."""


class PromptInput(JoinerTextArea):
    """A text area that offers each key to its owner before handling it."""

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

    class Drafted(Message):
        """The text changed."""

    def __init__(
        self, *, id: str | None = None, press: Callable[[str], bool] = lambda _key: False
    ) -> None:
        """``press`` is called with the name of each key; it returns whether it handled the key."""
        super().__init__(
            id=id, compact=False, highlight_cursor_line=False, show_line_numbers=False,
            tab_behavior="focus",
        )  # fmt: skip
        self._press = press
        self._pastes: dict[str, str] = {}
        self.undrawn = False
        """Whether a key arrived since the last frame."""
        self.cursor_blink = False

    @property
    def empty(self) -> bool:
        return not self.text

    @property
    def full_text(self) -> str:
        """The complete text, with the placeholders of pastes replaced."""
        complete = self.text
        for placeholder, pasted in self._pastes.items():
            complete = complete.replace(placeholder, pasted)
        return complete

    def put(self, content: str) -> None:
        """Replace the text and move the cursor to its end."""
        self._pastes.clear()
        self.load_text(self._fold(text.harmless(content)))
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        self.undrawn = True
        self.call_after_refresh(setattr, self, "undrawn", False)
        if self._press(event.key):
            event.stop()
            event.prevent_default()
            await asyncio.sleep(0)  # Let its effect start before the next key is handled.

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if self.read_only:
            return
        pasted = self._fold(text.harmless(event.text))
        if result := self._replace_via_keyboard(pasted, *self.selection):
            self.move_cursor(result.end_location)

    def on_text_area_changed(self) -> None:
        self.post_message(self.Drafted())

    def _fold(self, pasted: str) -> str:
        """A placeholder for a long paste, or the text itself if it is short."""
        if len(pasted) <= CHIP_FROM:
            return pasted
        placeholder = f"⟦{len(pasted):,} pasted characters·{len(self._pastes) + 1}⟧"
        self._pastes[placeholder] = pasted
        return placeholder
