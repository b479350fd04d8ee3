"""A growing reply, written word by word: a screen reader should not hear halves of words."""

from __future__ import annotations

from collections.abc import Callable

from rpterm.cli import out


class Printer:
    """Writes what is new of a text that grows.

    Text that was taken back after it was written (a banned phrase) cannot be unwritten on paper:
    the line is begun again, after an ellipsis.
    """

    def __init__(self, write: Callable[[str], None], written: str = "") -> None:
        """``written`` is the beginning that stands already, of a reply that goes on."""
        self._write = write
        self._written = written

    def show(self, text: str) -> None:
        """The reply now reads ``text``; its last word may still grow."""
        end = max(text.rfind(" "), text.rfind("\n")) + 1
        self._go_to(text[:end])

    def finish(self, text: str) -> None:
        """The reply is complete."""
        self._go_to(text)
        self._write("\n")

    def _go_to(self, text: str) -> None:
        if not text.startswith(self._written):
            if self._written.startswith(text):
                return
            self._write(" …\n")
            self._written = ""
        self._write(out.harmless(text[len(self._written) :]))
        self._written = text
