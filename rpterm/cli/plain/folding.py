"""Word wrapping for streamed text.

A terminal breaks lines within words, but screen readers read line by line. Pipes get their text
unwrapped.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable

from rpterm.cli import out

_PARTS = re.compile(r"\n|[^\S\n]+|\S+")


def terminal_width() -> int:
    """Columns of the terminal, measured each time, because it may have been resized."""
    return shutil.get_terminal_size().columns


class Folder:
    """Wraps text that arrives piece by piece, each piece ending with a complete word."""

    def __init__(self, width: Callable[[], int] = terminal_width) -> None:
        self._width = width
        self._column = 0

    def begin(self) -> None:
        """Note that the next text starts at the beginning of a line."""
        self._column = 0

    def fold(self, text: str) -> str:
        """The text with line breaks, given what was written before it on the line."""
        return "".join(self._wrap(part, self._width()) for part in _PARTS.findall(text))

    def _wrap(self, part: str, width: int) -> str:
        if part == "\n":
            self._column = 0
            return part
        size = out.cells(part)
        end = self._column + size
        if end <= width or size > width:  # A word longer than a line is left to the terminal.
            self._column = end if end <= width else end % width
            return part
        self._column = 0 if part.isspace() else size
        return "\n" if part.isspace() else f"\n{part}"
