"""A program of one screen: duels and reviews that are begun from the command line.

It has the themes and the keys of the whole program, and ends with its screen. Knows no chat.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.binding import BindingsMap
from textual.widgets import Input

from rpterm.tui import key_check, keys, themes

if TYPE_CHECKING:
    from textual.screen import Screen

    from rpterm.config import Settings

HERE = ("help", "theme", "interrupt", "quit")
"""The commands of the whole program that make sense without a chat."""


class SingleApp(App[None], inherit_bindings=False):
    """Runs one screen until it is left."""

    TITLE = "rpterm"
    ENABLE_COMMAND_PALETTE = False
    NOTIFICATION_TIMEOUT = 4
    CSS = themes.TOASTS

    def __init__(
        self,
        make: Callable[[], Screen[Any]],
        settings: Settings,
        on_setting: Callable[[str, str], object] | None = None,
    ) -> None:
        """Args:
        make: Makes the screen, once the program runs.
        on_setting: Told a setting the user changed, to keep it.
        """
        key_check.check(settings.keys)
        super().__init__()
        self._make, self.settings, self._on_setting = make, settings, on_setting
        self._bindings = BindingsMap(keys.bindings_for(HERE, settings.keys))
        themes.put_on(self, settings.theme)

    def on_mount(self) -> None:
        self.push_screen(self._make(), lambda _done: self.exit())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """``?`` in a text is a question mark."""
        return not (parameters == ("help",) and isinstance(self.focused, Input))

    def action_command(self, name: str) -> None:
        """A key of the whole program."""
        if name == "help":
            from rpterm.tui.screens.help import HelpScreen

            if not isinstance(self.screen, HelpScreen):
                self.push_screen(HelpScreen(self.settings.keys))
        elif name == "theme":
            from rpterm.tui.screens import themes as choosing

            self.run_worker(choosing.choose(self, self._on_setting))
        else:
            self.exit()
