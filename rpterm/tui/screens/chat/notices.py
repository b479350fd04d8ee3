"""Notices of the chat screen: the same one is not repeated at once."""

from __future__ import annotations

import time
from typing import Literal

from textual.screen import Screen

SAID_S = 3.0
"""How long the same notice is not repeated, in seconds: a key held down would pile them up."""
ERROR_S = 12.0
"""How long an error stays: one in a saved card is read when the user is back from the editor."""


class Notices:
    """Shows notices on a screen."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self._last, self._until = "", 0.0

    def say(self, sentence: str, *, error: bool = False, title: str = "") -> None:
        """Show a notice; the same notice again only after ``SAID_S``."""
        now = time.monotonic()
        if sentence == self._last and now < self._until:
            return
        self._last, self._until = sentence, now + SAID_S
        severity: Literal["error", "information"] = "error" if error else "information"
        timeout = ERROR_S if error else None
        self._screen.notify(sentence, title=title, severity=severity, timeout=timeout, markup=False)
