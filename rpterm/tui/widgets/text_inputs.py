"""A text area and a text line that also accept the zero-width joiners of letters and emoji.

Textual ignores keys that are not printable. The joiners are not, but Persian words and family
emoji are broken without them.
"""

from __future__ import annotations

from textual import events
from textual.widgets import Input, TextArea

_JOINERS = ("\u200c", "\u200d")


class JoinerTextArea(TextArea):
    """A text area that stays in view within a scrolling form as it grows."""

    def on_resize(self) -> None:
        if self.has_focus:
            self.call_after_refresh(self.scroll_visible, animate=False)

    async def _on_key(self, event: events.Key) -> None:
        if event.character in _JOINERS:
            event.stop()
            event.prevent_default()
            self._replace_via_keyboard(event.character, *self.selection)


class JoinerInput(Input):
    """A single-line text input."""

    async def _on_key(self, event: events.Key) -> None:
        if event.character in _JOINERS:
            event.stop()
            event.prevent_default()
            self.insert_text_at_cursor(event.character)
