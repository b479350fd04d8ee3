"""A text area and a text line that act on every key in the order in which it was typed.

Textual inserts letters at once, but sends Backspace and the like round by the app, so that on a
busy machine they act on letters that were typed after them.

They also accept the zero-width joiners of letters and emoji. Textual ignores keys that are not
printable. The joiners are not, but Persian words and family emoji are broken without them.
"""

from __future__ import annotations

from textual import events
from textual.widget import Widget
from textual.widgets import Input, TextArea

_JOINERS = ("\u200c", "\u200d")


class JoinerTextArea(TextArea):
    """A text area that stays in view within a scrolling form as it grows."""

    def _recompute_cursor_offset(self) -> None:
        """As Textual does, unless an undo has removed the line that the cursor is still in.

        The cursor moves afterwards; a scrollbar that the undo hides asks before that, and fails.
        """
        if self.cursor_location[0] < self.document.line_count:
            super()._recompute_cursor_offset()  # type: ignore[no-untyped-call]

    def on_resize(self) -> None:
        if self.has_focus:
            self.call_after_refresh(self.scroll_visible, animate=False)

    def action_delete_to_start_of_line(self) -> None:
        """As in a shell: of the line as it was written, not as it is wrapped."""
        row, column = self.selection.end
        if column:
            self._delete_via_keyboard((row, 0), (row, column))
        else:
            super().action_delete_to_start_of_line()

    def action_delete_to_end_of_line(self) -> None:
        """As above."""
        row, column = self.selection.end
        self._delete_via_keyboard((row, column), (row, len(self.document[row])))

    async def _on_key(self, event: events.Key) -> None:
        if event.character in _JOINERS:
            event.stop()
            event.prevent_default()
            self._replace_via_keyboard(event.character, *self.selection)
        else:
            await _edit_in_order(self, event)


class JoinerInput(Input):
    """A single-line text input."""

    async def _on_key(self, event: events.Key) -> None:
        if event.character in _JOINERS:
            event.stop()
            event.prevent_default()
            self.insert_text_at_cursor(event.character)
        else:
            await _edit_in_order(self, event)


async def _edit_in_order(widget: Widget, event: events.Key) -> None:
    """Run the widget's own action of a key now, before the next key is handled."""
    for binding in widget._bindings.key_to_bindings.get(event.key, ()):
        if not binding.priority and await widget.app.run_action(binding.action, widget):
            event.stop()
            event.prevent_default()
            return
