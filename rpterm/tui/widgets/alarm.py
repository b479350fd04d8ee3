"""A calm line above the input that warns of a slipping character and offers remedies.

It shows the sentence it is given; a click on a remedy runs its command. Knows no score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from rpterm.tui import keys, text

REMEDIES = ("remedy-hint", "remedy-best", "remedy-pin", "remedy-note")
_INDENT = "  "


class Alarm(Static):
    """The warning line; hidden while all is well."""

    DEFAULT_CSS = """
    Alarm {
        display: none; height: auto; padding: 0 2; color: $text-warning;
        link-style: none; link-style-hover: none; link-color: $text-muted;
        link-color-hover: $foreground; link-background-hover: $panel;
        &.-on { display: block; }
    }
    """

    class Clicked(Message):
        """The remedy with this command was clicked; "" dismisses the warning."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    def __init__(self, overrides: Mapping[str, str]) -> None:
        super().__init__(id="alarm", markup=False)
        self._overrides = overrides
        self.sentence = ""

    def show(self, sentence: str) -> None:
        """Show a warning; "" hides the line."""
        if sentence == self.sentence:
            return
        self.sentence = sentence
        self.set_class(bool(sentence), "-on")
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        if self.sentence:
            self.update(self._content(self.sentence, self.content_size.width))

    def action_remedy(self, command: str) -> None:
        self.post_message(self.Clicked(command))

    def _content(self, sentence: str, width: int) -> Content:
        """All on one line if that fits, else the remedies below, on as many lines as needed."""
        first, remedies = Content(f"▽ {sentence}"), self._remedies()
        close = text.link("✕", "remedy('')")
        line = Content("  ").join([*remedies, close])
        if not width or first.cell_length + line.cell_length + 3 <= width:
            return Content.assemble(first, "   ", line)
        first = first.truncate(2 * width - 6, ellipsis=True)  # A long name must not hide the rest.
        first = Content.assemble(first, "  ", close)
        below = _wrap(remedies, width - len(_INDENT))
        return Content("\n").join([first, *(Content(_INDENT) + line for line in below)])

    def _remedies(self) -> list[Content]:
        parts = []
        for name in REMEDIES:
            key, label = keys.short_key_name(name, self._overrides), keys.BY_ID[name].label
            parts.append(text.key_link(key, label, f"remedy('{name}')"))
        return parts


def _wrap(parts: Sequence[Content], width: int) -> list[Content]:
    """Join parts into lines of this width without breaking any part."""
    lines: list[Content] = []
    for part in parts:
        if lines and lines[-1].cell_length + 2 + part.cell_length <= width:
            lines[-1] = Content.assemble(lines[-1], "  ", part)
        else:
            lines.append(part)
    return lines
