"""A character's portrait. It takes no room if there is none or the terminal cannot show it."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from pathlib import Path

from textual import work
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from rpterm.tui import block_picture

COLUMNS, ROWS = 24, 18
"""The most cells a portrait takes."""


class Portrait(Widget):
    """The picture in a file, read in a thread and drawn with block characters."""

    DEFAULT_CSS = """
    Portrait { width: auto; height: auto; display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._strips: list[Strip] = []

    @work(exclusive=True, group="portrait")
    async def show(self, path: Path | None, rows: int = ROWS) -> None:
        """Load and show the picture in the background, which replaces an earlier request."""
        await self.load(path, rows)

    async def load(self, path: Path | None, rows: int = ROWS) -> None:
        """Show the picture in a file, at most ``rows`` high; ``None`` shows none."""
        strips: list[Strip] = []
        if path is not None and self.has_colours:
            background = "#{:02x}{:02x}{:02x}".format(*self.background_colors[1].rgb)
            strips = await asyncio.to_thread(_draw, path, rows, background)
        self._strips = strips
        self.display = bool(self._strips)
        self.refresh(layout=True)

    @property
    def rows(self) -> int:
        """Rows of the picture shown, 0 if there is none."""
        return len(self._strips)

    @property
    def has_colours(self) -> bool:
        """Whether the terminal shows enough colours to recognise a picture."""
        few = ("standard", "windows")
        return not self.app.no_color and self.app.console.color_system not in few

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return max((strip.cell_length for strip in self._strips), default=0)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._strips)

    def render_line(self, y: int) -> Strip:
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)


def _draw(path: Path, rows: int, background: str) -> list[Strip]:
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return []
    return _drawn(path, changed, rows, background)


@lru_cache(maxsize=64)
def _drawn(path: Path, changed: int, rows: int, background: str) -> list[Strip]:
    """The picture as it was when its file was ``changed``."""
    return block_picture.draw(path, COLUMNS, rows, background)
