"""An app with a single screen, for duels and reviews started from the command line.

It has the themes and the app-wide keys of the full program and exits when its screen closes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.widgets import Input

from rpterm.tui.base_app import BaseApp

if TYPE_CHECKING:
    from textual.screen import Screen

    from rpterm.config import Settings

COMMANDS = ("help", "theme", "interrupt", "quit")
"""The app-wide commands that make sense without a chat."""


class SingleScreenApp(BaseApp):
    """Runs one screen until it is closed."""

    def __init__(
        self,
        screen: Screen[None],
        settings: Settings,
        on_setting: Callable[[str, str], object] | None = None,
    ) -> None:
        """``screen`` is shown until it is closed; for the others see ``BaseApp``."""
        super().__init__(settings, COMMANDS, on_setting)
        self._screen = screen

    def on_mount(self) -> None:
        self.push_screen(self._screen, lambda _done: self.exit())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Turn the help key off in text inputs, where ``?`` is a question mark."""
        return not (parameters == ("help",) and isinstance(self.focused, Input))
