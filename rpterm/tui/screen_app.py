"""An app with rpterm's themes, app-wide keys, and a driver that survives its terminal.

It runs a single screen, such as a duel started from the command line; ``RptermApp`` has a chat.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.binding import BindingsMap
from textual.widgets import Input

from rpterm.tui import alt_keys, hangup, key_check, keys, themes

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.screen import Screen

    from rpterm.config import Settings


COMMANDS = ("help", "theme", "interrupt", "quit")
"""The app-wide commands that make sense without a chat."""


class ScreenApp(App[None], inherit_bindings=False):
    """Runs one screen until it is closed."""

    TITLE = "rpterm"
    ENABLE_COMMAND_PALETTE = False
    NOTIFICATION_TIMEOUT = 4
    # Textual declares them as variables of the instance.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (66, "-broad")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-high")]  # noqa: RUF012
    CSS = themes.TOASTS + themes.ANSI_CURSOR

    def __init__(
        self,
        settings: Settings,
        on_setting: Callable[[str, str], object] | None = None,
        screen: Screen[None] | None = None,
        commands: Iterable[str] = COMMANDS,
    ) -> None:
        """Create the app; ``run`` starts it.

        Args:
            settings: ``keys`` and ``theme`` are used here.
            on_setting: Called with the name and value of a setting the user changed, to save it.
            screen: Shown until it is closed; ``None`` if the app has a default screen.
            commands: Ids of the app-wide commands.

        Raises:
            RptermError: ``settings.keys`` names a command or a key that does not exist.
        """
        key_check.check(settings.keys)
        super().__init__()
        self.settings, self._on_setting, self._first = settings, on_setting, screen
        self._bindings = BindingsMap(keys.bindings(commands, settings.keys))
        themes.apply(self, settings.theme)

    def get_driver_class(self) -> type[Driver]:
        return hangup.hangup_safe(alt_keys.with_alt_parser(super().get_driver_class()))

    def on_mount(self) -> None:
        if self._first is not None:
            self.push_screen(self._first, lambda _done: self.exit())
        if not self.is_headless:
            self.set_interval(hangup.CHECK_INTERVAL_S, self._leave_on_hangup)
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            if (number := getattr(signal, name, None)) is not None:
                try:
                    loop.add_signal_handler(number, self.leave)
                except (NotImplementedError, RuntimeError, ValueError):
                    return  # Windows, or not the main thread: the default handler stays.

    def _leave_on_hangup(self) -> None:
        if hangup.terminal_is_gone():
            self.leave()

    def leave(self) -> None:
        """Quit."""
        self.exit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Turn the help key off in text inputs, where ``?`` is a question mark."""
        return not (parameters == ("help",) and isinstance(self.focused, Input))

    def action_command(self, name: str) -> None:
        self.run_command(name)

    def run_command(self, name: str) -> None:
        """Run a command by its id; any but ``help`` and ``theme`` quits."""
        if name == "help":
            from rpterm.tui.screens.help import HelpScreen

            if not self.bring_to_front(HelpScreen):
                self.push_screen(HelpScreen())
        elif name == "theme":
            from rpterm.tui.screens import themes as theme_chooser

            self.run_worker(theme_chooser.choose(self, self._on_setting))
        else:
            self.leave()

    def bring_to_front(self, kind: type[Screen[Any]]) -> bool:
        """Whether such a dialog is open; if another one covers it, that one is closed."""
        below = self.screen_stack[-2] if len(self.screen_stack) > 1 else None
        if isinstance(below, kind):
            self.pop_screen()
        return isinstance(self.screen, kind)
