"""Output of plain mode: wraps lines between words, and prints a growing reply word by word.

Terminals break lines within words, but screen readers read line by line and should not read parts
of words. Pipes get their text unwrapped.
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


class LineWrapper:
    """Wraps text that arrives piece by piece, each piece ending with a complete word."""

    def __init__(self, width: Callable[[], int] = terminal_width) -> None:
        self._width = width
        self._column = 0

    def begin(self) -> None:
        """Note that the next text starts at the beginning of a line."""
        self._column = 0

    def wrap(self, text: str) -> str:
        """The text with line breaks, given what was written before it on the line."""
        return "".join(self._wrap(part, self._width()) for part in _PARTS.findall(text))

    def _wrap(self, part: str, width: int) -> str:
        if part == "\n":
            self._column = 0
            return part
        size = out.display_width(part)
        end = self._column + size
        if end <= width or size > width:  # A word longer than a line is left to the terminal.
            self._column = end if end <= width else end % width
            return part
        self._column = 0 if part.isspace() else size
        return "\n" if part.isspace() else f"\n{part}"


class ReplyPrinter:
    """Writes the additions to a growing text.

    Output cannot be erased. If text is retracted after it was written (a banned phrase), an
    ellipsis follows and the reply starts again on a new line.
    """

    def __init__(self, write: Callable[[str], None], written: str = "", *, head: str = "") -> None:
        """Args:
        written: The part of a continued reply that has already been printed.
        head: What is written before the first text, such as the name of the speaker.
        """
        self._write = write
        self._written = self._text = written
        self._head = head

    def show(self, text: str) -> None:
        """Print the reply up to the last complete word of ``text``."""
        self._text = text
        end = max(text.rfind(" "), text.rfind("\n")) + 1
        self._print_up_to(text[:end])

    def finish(self, text: str) -> None:
        """Print the rest of the complete reply."""
        self._print_up_to(text)
        self._write(f"{self._head}\n")

    def leave(self) -> None:
        """Print all that came of a reply that failed, and end its line, if it has begun."""
        self._print_up_to(self._text)
        if not self._head:
            self._write("\n")

    def _print_up_to(self, text: str) -> None:
        if not text.startswith(self._written):
            if self._written.startswith(text):
                return
            self._write(" …\n")
            self._written = ""
        if text != self._written:
            self._write(self._head + out.without_controls(text[len(self._written) :]))
            self._head = ""
        self._written = text
