"""An app with a single screen, for duels and reviews started from the command line.

It has the themes and the app-wide keys of the full program and exits when its screen closes. Knows
no chat.
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

COMMANDS = ("help", "theme", "interrupt", "quit")
"""The app-wide commands that make sense without a chat."""


class SingleScreenApp(App[None], inherit_bindings=False):
    """Runs one screen until it is closed."""

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
        """Create the app; ``run`` starts it.

        Args:
            make: Creates the screen once the app runs.
            settings: ``keys`` and ``theme`` are used here.
            on_setting: Called with the name and value of a setting the user changed, to save it.
        """
        key_check.check(settings.keys)
        super().__init__()
        self._make, self.settings, self._on_setting = make, settings, on_setting
        self._bindings = BindingsMap(keys.bindings_for(COMMANDS, settings.keys))
        themes.apply(self, settings.theme)

    def on_mount(self) -> None:
        self.push_screen(self._make(), lambda _done: self.exit())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Turn the help key off in text inputs, where ``?`` is a question mark."""
        return not (parameters == ("help",) and isinstance(self.focused, Input))

    def action_command(self, name: str) -> None:
        """Run an app-wide command."""
        if name == "help":
            from rpterm.tui.screens.help import HelpScreen

            if not isinstance(self.screen, HelpScreen):
                self.push_screen(HelpScreen(self.settings.keys))
        elif name == "theme":
            from rpterm.tui.screens import themes as theme_chooser

            self.run_worker(theme_chooser.choose(self, self._on_setting))
        else:
            self.exit()
