"""The Textual application: one chat screen, themes, palette, help, and a clean exit.

It knows no store and no model.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from textual import events
from textual.screen import Screen

from rpterm.tui import key_check, keys
from rpterm.tui.screen_app import ScreenApp
from rpterm.tui.screens.chat import frame, keyboard
from rpterm.tui.screens.chat.screen import ChatScreen
from rpterm.tui.widgets.status import Phase

DOUBLE_PRESS_S = 2.0
"""Pressing Ctrl+C twice within this time quits."""
CONFLICT_S = 12.0
"""How long the warning about a key that two commands share stays on screen."""
STOP_TIMEOUT_S = 1.0
"""Longest wait on exit for a stopped reply to be stored."""
Typed = events.Key | events.Paste


class RptermApp(ScreenApp):
    """The interactive chat program."""

    def __init__(
        self,
        chat: ChatScreen,
        *,
        first_run: bool = False,
        on_setting: Callable[[str, str], object] | None = None,
    ) -> None:
        """Create the program; ``run`` starts it.

        Args:
            chat: The chat screen, with the settings of the program.
            first_run: Start with the tour.
            on_setting: Called with the name and value of a setting the user changed, to save it.

        Raises:
            RptermError: The settings name a command or a key that does not exist.
        """
        super().__init__(chat.settings, on_setting, commands=keys.of_scope("app"))
        self.chat, self._first_run = chat, first_run
        self._interrupted = self._warned = 0.0
        self._early: list[Typed] = []

    async def push_screen_wait(self, screen: Screen[Any] | str, *, mode: str | None = None) -> Any:
        """Show a dialog and wait for its result; a key pressed twice opens its dialog once."""
        if type(self.screen) is type(screen):
            return None
        return await super().push_screen_wait(screen, mode=mode)

    def get_default_screen(self) -> Screen[Any]:
        return self.chat

    def run(self, *args: Any, **kwargs: Any) -> None:
        """Run until the user quits, then close the session once the terminal is restored."""
        try:
            super().run(*args, **kwargs)
        finally:
            self.close_session()

    def close_session(self) -> None:
        """Stop a running reply and close the session; safe to call twice.

        A stopped reply gets a moment to store its end and its provenance.
        """
        session, self.chat.state.session = self.chat.state.session, None
        if session is not None:
            session.cancel()
            self.chat.replies.close()
            self.chat.replies.join(STOP_TIMEOUT_S)
            session.close()

    def on_mount(self) -> None:
        self.call_later(self._dispatch_typed)
        if self.theme != self.settings.theme:
            self.notify(f"There is no theme {self.settings.theme!r}.", markup=False)
        if self.settings.keys and (warning := key_check.find_conflict(self.settings.keys)):
            self.notify(warning, severity="warning", timeout=CONFLICT_S, markup=False)
        if self._first_run:
            self.run_command("tour")

    async def on_event(self, event: events.Event) -> None:
        """Direct typed and pasted text to the right widget: every key arrives here first."""
        if isinstance(event, Typed) and not event.is_forwarded:
            self._early.append(event)
            await self._dispatch_typed()
        elif isinstance(event, events.Key) and not (self.screen_stack and self.screen.is_mounted):
            # No widget took the key, and meanwhile a dialog opened, which it is for, or all closed.
            self._early.append(events.Key(event.key, event.character))
            await self._dispatch_typed()
        else:
            await super().on_event(event)

    async def _dispatch_typed(self) -> None:
        """Dispatch keys and pastes in order, once the screen they are meant for is mounted.

        Whoever starts the program and types at once is ahead of the first frame, and Textual would
        drop what no widget takes yet.
        """
        while self._early and self.screen_stack:
            if not self.screen.is_mounted:
                # The screen handles a callback after its mount; the app then handles the keys.
                self.screen.call_later(self.call_later, self._dispatch_typed)
                return
            event = self._early.pop(0)
            keyboard.focus_for_typing(self.chat, event)
            await super().on_event(event)

    def leave(self) -> None:
        """Stop a running reply and quit."""
        if (session := self.chat.state.session) is not None:
            session.cancel()
            frame.keep_draft(session, self.chat.input.full_text)
        super().leave()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the help key to the tour, which knows whether ``?`` is part of typed text."""
        if parameters != ("help",):
            return True
        from rpterm.tui.screens.tour import TourScreen

        return not isinstance(self.screen, TourScreen)

    # Commands of the registry with scope "app" --------------------------------------------------
    def run_command(self, name: str) -> None:
        """Run a command by its id."""
        match name:
            case "quit":
                self._quit()
            case "help" | "theme":
                super().run_command(name)
            case "tour":
                from rpterm.tui.screens.tour import TourScreen

                if not self.bring_to_front(TourScreen):
                    state, settings = self.chat.state, self.settings
                    failed = state.figures.phase in (Phase.FAILED, Phase.CLOSED)
                    loading = state.info is None and not failed
                    expected = settings.engine == "llama" and settings.model in ("", "starter")
                    starter = state.info.starter if state.info else expected
                    self.push_screen(
                        TourScreen(self._insert_typed, loading=loading, starter=starter)
                    )
            case "palette":
                from rpterm.tui.palette import Palette

                if not isinstance(self.screen, Palette):
                    opened = Palette(self.chat)
                    self.push_screen(opened, opened.run_chosen)
            case "interrupt":
                self._interrupt()
            case "suspend":
                self.action_suspend_process()
            case _:
                self.chat.command(name)

    def _insert_typed(self, typed: str) -> None:
        """Put text into the input that was typed or pasted over the tour, which this closed."""
        self.chat.input.focus()
        if typed == "\n":
            # Not a key of the input, which may learn only later that it has the focus.
            self.chat.command("send")
        elif len(typed) == 1:
            self.chat.input.insert(typed)
        else:
            self.chat.input.post_message(events.Paste(typed))

    def _quit(self) -> None:
        """Quit, but only at the second request if that discards an edit or what is in a form."""
        places = (self.screen, self.chat.state.editor)
        unsaved = any(getattr(place, "is_changed", False) for place in places)
        if unsaved and time.monotonic() - self._warned > DOUBLE_PRESS_S:
            self._warned = time.monotonic()
            quits = keys.key_name("quit", self.settings.keys)
            self.notify(f"{quits} again quits and discards what you are editing.")
        else:
            self.leave()

    def _interrupt(self) -> None:
        if self._copy_selection():
            return
        if time.monotonic() - self._interrupted < DOUBLE_PRESS_S:
            self.leave()
            return
        quits = f"Press {keys.key_name('interrupt', self.settings.keys)} again to quit."
        if self.chat.state.busy:
            self.chat.command("stop")
            self.notify(f"Stopped. {quits}")
        else:
            self.notify(f"{quits} Everything is saved.")
        self._interrupted = time.monotonic()

    def _copy_selection(self) -> bool:
        selected = self.screen.get_selected_text() or getattr(self.focused, "selected_text", "")
        if selected:
            self.copy_to_clipboard(selected)
            self.screen.clear_selection()
            self.notify("Copied.")
        return bool(selected)
