"""A calm line above the input that warns of a slipping character and offers remedies.

It shows the sentence it is given; a click on a remedy runs its command. Knows no score.
"""

from __future__ import annotations

from textual.content import Content

from rpterm.tui import text
from rpterm.tui.widgets.fitted_text import FittedText, command_link

REMEDIES = ("remedy-hint", "remedy-best", "remedy-pin", "remedy-note")
_INDENT = "  "


class Alarm(FittedText):
    """The warning line; hidden while all is well."""

    DEFAULT_CSS = """
    Alarm {
        display: none; padding: 0 2; color: $text-warning;
        &.-on { display: block; }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="alarm")
        self.sentence = ""
        self._low = False

    def fit(self, *, low: bool) -> None:
        """Fit the terminal: in a low one, the warning takes a single line."""
        if low != self._low:
            self._low = low
            self._draw()

    def show(self, sentence: str) -> None:
        """Show a warning; "" hides the line."""
        if sentence == self.sentence:
            return
        self.sentence = sentence
        self.set_class(bool(sentence), "-on")
        self._draw()

    def _draw(self) -> None:
        if self.sentence:
            self.update(self._content(self.sentence, self.content_size.width))

    def _content(self, sentence: str, width: int) -> Content:
        """All on one line if that fits, else the remedies below, on as many lines as needed.

        In a low terminal the chat needs these lines: the remedies are in the Consistency pane.
        """
        first, remedies = Content(f"▽ {sentence}"), self._remedies()
        close = text.link("✕", "screen.dismiss_alarm")
        line = Content("  ").join([*remedies, close])
        if not width or first.cell_length + line.cell_length + 3 <= width:
            return Content.assemble(first, "   ", line)
        if self._low:
            why = command_link(self, "pane-consistency", "screen.hint('pane-consistency')", "why")
            end = Content.assemble("  ", why, "  ", close)
            return first.truncate(width - end.cell_length, ellipsis=True) + end
        first = first.truncate(2 * width - 6, ellipsis=True)  # A long name must not hide the rest.
        first = Content.assemble(first, "  ", close)
        below = text.flow(remedies, width - len(_INDENT)).split("\n")
        return Content("\n").join([first, *(Content(_INDENT) + line for line in below)])

    def _remedies(self) -> list[Content]:
        return [command_link(self, name, f"screen.hint('{name}')") for name in REMEDIES]
