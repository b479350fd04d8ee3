"""Lines that end between words: a terminal ends them within one, and a screen reader reads lines.

Knows no chat. A pipe gets its text as it is.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable

from rpterm.cli import out

_PARTS = re.compile(r"\n|[^\S\n]+|\S+")


def terminal_width() -> int:
    """Columns of the terminal, asked anew each time: it may have been resized."""
    return shutil.get_terminal_size().columns


class Folder:
    """Folds text that is written piece by piece; a piece ends with a whole word."""

    def __init__(self, width: Callable[[], int] = terminal_width) -> None:
        self._width = width
        self._column = 0

    def begin(self) -> None:
        """What comes next stands at the beginning of a line."""
        self._column = 0

    def fold(self, text: str) -> str:
        """The text with the line ends it needs after what was written before it."""
        return "".join(self._placed(part, self._width()) for part in _PARTS.findall(text))

    def _placed(self, part: str, width: int) -> str:
        if part == "\n":
            self._column = 0
            return part
        before, size = self._column, out.cells(part)
        if before + size <= width or size > width:  # What no line holds the terminal may break.
            self._column = before + size if before + size <= width else (before + size) % width
            return part
        self._column = 0 if part.isspace() else size
        return "\n" if part.isspace() else f"\n{part}"
