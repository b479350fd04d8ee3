"""The header line: the character and the title of the chat."""

from __future__ import annotations

from textual.content import Content

from rpterm.tui import text
from rpterm.tui.widgets.fitted_text import FittedText


class Header(FittedText):
    """``Name · tagline …… title``, cut to the width."""

    DEFAULT_CSS = """
    Header { height: 1; padding: 0 2; background: $surface; color: $text-muted; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._character = self._tagline = self._title = ""

    def show(self, name: str, tagline: str = "", title: str = "") -> None:
        """Show the character's name and tagline and the chat's title."""
        self._character, self._tagline = text.one_line(name, 60), text.one_line(tagline, 160)
        self._title = text.one_line(title, 60)
        self._draw()

    def _draw(self) -> None:
        width = self.size.width
        left = Content.assemble((self._character, "bold $text-primary"))
        right = Content(self._title if self._title != self._character else "")
        if left.cell_length + right.cell_length + 2 > width:
            right = Content("")
        room = width - left.cell_length - right.cell_length - 5 - (3 if right else 0)
        if self._tagline and room > 12:
            tagline = Content(self._tagline).truncate(room, ellipsis=True)
            left = Content.assemble(left, ("  ·  ", text.FAINT), tagline)
        self.update(text.justify(left, right, width, 0))
