"""Where one writes: text areas and lines that also take what joins letters and emoji.

Textual takes keys that print something. The joiners print nothing, but Persian words and the
emoji of a family are not the same without them.
"""

from __future__ import annotations

from textual import events
from textual.widgets import Input, TextArea

_JOINERS = ("\u200c", "\u200d")


class Area(TextArea):
    """A text area; growing, it stays in sight where it stands among others."""

    def on_resize(self) -> None:
        if self.has_focus:
            self.call_after_refresh(self.scroll_visible, animate=False)

    async def _on_key(self, event: events.Key) -> None:
        if event.character in _JOINERS:
            event.stop()
            event.prevent_default()
            self._replace_via_keyboard(event.character, *self.selection)


class Line(Input):
    """A line of text."""

    async def _on_key(self, event: events.Key) -> None:
        if event.character in _JOINERS:
            event.stop()
            event.prevent_default()
            self.insert_text_at_cursor(event.character)
