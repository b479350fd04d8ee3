"""Prints a growing reply word by word, so that a screen reader does not read parts of words."""

from __future__ import annotations

from collections.abc import Callable

from rpterm.cli import out


class Printer:
    """Writes the additions to a growing text.

    Output cannot be erased. If text is retracted after it was written (a banned phrase), an
    ellipsis follows and the reply starts again on a new line.
    """

    def __init__(self, write: Callable[[str], None], written: str = "") -> None:
        """``written`` is the part of a continued reply that has already been printed."""
        self._write = write
        self._written = written

    def show(self, text: str) -> None:
        """Print the reply up to the last complete word of ``text``."""
        end = max(text.rfind(" "), text.rfind("\n")) + 1
        self._print_up_to(text[:end])

    def finish(self, text: str) -> None:
        """Print the rest of the complete reply."""
        self._print_up_to(text)
        self._write("\n")

    def _print_up_to(self, text: str) -> None:
        if not text.startswith(self._written):
            if self._written.startswith(text):
                return
            self._write(" …\n")
            self._written = ""
        self._write(out.harmless(text[len(self._written) :]))
        self._written = text
