"""The terminal program: one chat screen, themes, palette, help, and a clean way out.

It is given a card to show at once, an ``opener`` that makes the session in a thread, and settings.
It knows no store and no model.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App
from textual.binding import BindingsMap
from textual.command import CommandPalette
from textual.screen import Screen

from rpterm.tui import alt_keys, hangup, key_check, keys, themes, worker
from rpterm.tui.screens.chat import keyboard
from rpterm.tui.screens.chat.screen import ChatScreen
from rpterm.tui.widgets.status import Phase

if TYPE_CHECKING:
    from textual.driver import Driver

    from rpterm.cards.card import CharacterCard
    from rpterm.config import Settings
    from rpterm.tui.screens.help import HelpScreen
    from rpterm.tui.screens.tour import TourScreen
    from rpterm.tuning import Tuning

TWICE_S = 2.0
"""Two Ctrl+C within this time quit."""
CLASH_S = 12.0
"""How long the sentence about a key that two commands hear stays."""
LAST_WORDS_S = 1.0
"""Longest wait for a reply that was stopped by leaving."""


class RptermApp(App[None], inherit_bindings=False):
    """The program."""

    TITLE = "rpterm"
    ENABLE_COMMAND_PALETTE = False
    NOTIFICATION_TIMEOUT = 4
    CSS = (
        themes.TOASTS
        + """
    CommandPalette #--container, CommandPalette #--results { max-width: 88; min-width: 24; }
    CommandPalette #--container { margin: 3 2; border: round $primary-muted; height: auto; }
    CommandPalette #--input { border: none; }
    CommandPalette CommandList, CommandPalette CommandList:focus {
        border: none; scrollbar-size-vertical: 1; min-width: 20;
    }
    """
    )

    def __init__(
        self,
        card: CharacterCard | None,
        opener: worker.Opener,
        settings: Settings,
        *,
        greeting: str = "",
        first_run: bool = False,
        choose: bool | None = None,
        on_setting: Callable[[str, str], object] | None = None,
        tuning: Tuning | None = None,
    ) -> None:
        """Make the program; ``run`` starts it.

        Args:
            card: Whom to show in the first frame; ``None`` lets the user choose.
            opener: ``opener(target, chat_id)`` makes the session, in a thread. Both ``None``: what
                the command line asked for. ``chat_id`` 0 begins a new chat.
            settings: ``keys`` and ``theme`` are the TUI's.
            greeting: What the card says in the first frame; "" where another turn may stand there.
            first_run: Begin with the tour.
            choose: Begin with the list of characters; ``None`` does so when there is no card.
            on_setting: Told a setting the user changed, to keep it.
            tuning: Settings that can be changed while a chat goes on; ``None`` changes none.

        Raises:
            KeyMapError: ``settings.keys`` names a command that does not exist.
        """
        key_check.check(settings.keys)
        super().__init__()
        self.settings, self._first_run = settings, first_run
        self._on_setting = on_setting
        pick = card is None if choose is None else choose
        self._chat = ChatScreen(
            card, opener, settings, greeting=greeting, choose=pick, tuning=tuning
        )
        self._bindings = BindingsMap(keys.bindings("app", settings.keys))
        self.use_command_palette = True
        self._interrupted = 0.0
        themes.put_on(self, settings.theme)

    def get_driver_class(self) -> type[Driver]:
        return hangup.sturdy(alt_keys.understood(super().get_driver_class()))

    def get_default_screen(self) -> Screen[Any]:
        return self._chat

    @property
    def chat(self) -> ChatScreen:
        """The chat screen."""
        return self._chat

    def run(self, *args: Any, **kwargs: Any) -> None:
        """Run until the user quits, then close the session with the terminal already restored."""
        try:
            super().run(*args, **kwargs)
        finally:
            self.close_session()

    def close_session(self) -> None:
        """Stop what runs and close the session; safe to call twice.

        A reply that is stopped has a moment to store its end and how it was made.
        """
        session, self._chat.state.session = self._chat.state.session, None
        if session is not None:
            session.cancel()
            self._chat.replies.close()
            self._chat.replies.join(LAST_WORDS_S)
            session.close()

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            if (number := getattr(signal, name, None)) is not None:
                try:
                    loop.add_signal_handler(number, self.leave)
                except (NotImplementedError, RuntimeError, ValueError):
                    return  # Windows, or not the main thread: the default stays.
        if not self.is_headless:
            self.set_interval(hangup.EVERY_S, self._look_for_terminal)
        if self.theme != self.settings.theme:
            self.notify(f"There is no theme {self.settings.theme!r}.", markup=False)
        if self.settings.keys and (told := key_check.clash(self.settings.keys)):
            self.notify(told, severity="warning", timeout=CLASH_S, markup=False)
        if self._first_run:
            self.run_command("tour")

    async def on_event(self, event: events.Event) -> None:
        """Keys come here first, one after the other: where words go is decided here."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            keyboard.focus_for_typing(self._chat, event)
        await super().on_event(event)

    def _look_for_terminal(self) -> None:
        if hangup.gone():
            self.leave()

    def leave(self) -> None:
        """Stop a running reply and quit."""
        if (session := self._chat.state.session) is not None:
            session.cancel()
            worker.keep_draft(session, self._chat.input.whole)
        self.exit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The tour knows whether ``?`` asks for help or stands in a line begun over it."""
        if parameters != ("help",):
            return True
        from rpterm.tui.screens.tour import TourScreen

        return not isinstance(self.screen, TourScreen)

    # Commands of the registry whose scope is the whole program ----------------------------------
    def action_command(self, name: str) -> None:
        self.run_command(name)

    def run_command(self, name: str) -> None:
        """Run a command by its id."""
        match name:
            case "help":
                from rpterm.tui.screens.help import HelpScreen

                if not self._in_front(HelpScreen):
                    self.push_screen(HelpScreen(self.settings.keys))
            case "tour":
                from rpterm.tui.screens.tour import TourScreen

                if not self._in_front(TourScreen):
                    state, settings = self._chat.state, self.settings
                    broken = state.figures.phase in (Phase.FAILED, Phase.CLOSED)
                    loading = state.info is None and not broken
                    expected = settings.engine == "llama" and settings.model in ("", "starter")
                    starter = state.info.starter if state.info else expected
                    self.push_screen(TourScreen(settings.keys, self._typed, loading, starter))
            case "palette":
                self.action_command_palette()
            case "theme":
                from rpterm.tui.screens import themes as choosing

                self.run_worker(choosing.choose(self, self._on_setting))
            case "interrupt":
                self._interrupt()
            case "suspend":
                self.action_suspend_process()
            case "quit":
                self.leave()
            case _:
                self._chat.command(name)

    def _in_front(self, kind: type[HelpScreen | TourScreen]) -> bool:
        """Whether such a dialog is open; one that waits below another comes back."""
        below = self.screen_stack[-2] if len(self.screen_stack) > 1 else None
        if isinstance(below, kind):
            self.pop_screen()
        return isinstance(self.screen, kind)

    def _typed(self, written: str) -> None:
        """The tour was left by typing or by a paste."""
        self._chat.input.focus()
        if written == "\n":
            self._chat.press("enter")
        elif len(written) == 1:
            self._chat.input.insert(written)
        else:
            self._chat.input.post_message(events.Paste(written))

    def _interrupt(self) -> None:
        if self._copy_selection():
            return
        if time.monotonic() - self._interrupted < TWICE_S:
            self.leave()
            return
        again = f"{keys.shown('interrupt', self.settings.keys)} again quits."
        if self._chat.state.busy:
            self._chat.command("stop")
            self.notify(f"Stopped. {again}")
        else:
            self.notify(f"{again} Everything is saved.")
        self._interrupted = time.monotonic()

    def _copy_selection(self) -> bool:
        chosen = self.screen.get_selected_text() or getattr(self.focused, "selected_text", "")
        if chosen:
            self.copy_to_clipboard(chosen)
            self.screen.clear_selection()
            self.notify("Copied.")
        return bool(chosen)

    def action_command_palette(self) -> None:
        """Every command by its name; the line one searches in says how they are written."""
        if not isinstance(self.screen, CommandPalette):
            from rpterm.tui import palette

            hint = "Search for commands; in the chat, / and a name runs one, too"
            self.push_screen(
                CommandPalette((palette.Commands,), placeholder=hint, id="--command-palette")
            )
