"""The Textual application: one chat screen, themes, palette, help, and a clean exit.

It is given a card to show at once, an ``opener`` that creates the session in a thread, and the
settings. It knows no store and no model.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual import events
from textual.command import CommandPalette
from textual.screen import Screen

from rpterm.tui import key_check, keys
from rpterm.tui.base_app import BaseApp
from rpterm.tui.early_keys import EarlyKeys
from rpterm.tui.screens.chat import frame, keyboard
from rpterm.tui.screens.chat.screen import ChatScreen
from rpterm.tui.widgets.status import Phase

if TYPE_CHECKING:
    from rpterm.cards.card import CharacterCard
    from rpterm.chat.live_settings import LiveSettings
    from rpterm.config import Settings
    from rpterm.tui.screens.chat.state import Opener

DOUBLE_PRESS_S = 2.0
"""Pressing Ctrl+C twice within this time quits."""
CONFLICT_S = 12.0
"""How long the warning about a key that two commands share stays on screen."""
STOP_TIMEOUT_S = 1.0
"""Longest wait on exit for a stopped reply to be stored."""


class RptermApp(BaseApp):
    """The interactive chat program."""

    CSS = (
        BaseApp.CSS
        + """
    CommandPalette #--container {
        visibility: visible; width: 96; max-width: 94%; height: auto; max-height: 88%;
        margin: 2 0 0 0; padding: 1 2 0 2; border: round $primary-muted; background: $surface;
    }
    CommandPalette.-short #--container { margin: 0; max-width: 100%; padding: 0; }
    CommandPalette #--input { border: none; margin: 0 0 1 0; }
    CommandPalette.-short #--input { margin: 0; }
    CommandPalette #--input Input, CommandPalette #--input Input:focus {
        margin: 0; padding: 0 1; border: round $primary-muted; background: $surface;
    }
    CommandPalette.-short #--input Input, CommandPalette.-short #--input Input:focus {
        border: none; height: 1;
    }
    CommandPalette SearchIcon { display: none; }
    CommandPalette #--results { overlay: none; height: auto; }
    CommandPalette LoadingIndicator { display: none; }
    CommandPalette CommandList, CommandPalette CommandList:focus {
        border: none; background: transparent; scrollbar-size-vertical: 1; max-height: 60vh;
    }
    CommandPalette CommandList > .option-list--option { padding: 0 1; text-style: none; }
    CommandPalette CommandList > .option-list--option-highlighted {
        background: $block-cursor-background; color: $block-cursor-foreground;
    }
    """
    )

    def __init__(
        self,
        card: CharacterCard | None,
        opener: Opener,
        settings: Settings,
        *,
        greeting: str = "",
        first_run: bool = False,
        choose: bool | None = None,
        on_setting: Callable[[str, str], object] | None = None,
        live_settings: LiveSettings | None = None,
    ) -> None:
        """Create the program; ``run`` starts it.

        Args:
            card: The character of the first frame; ``None`` lets the user choose.
            opener: ``opener(target, chat_id)`` creates the session, in a thread. Both ``None`` mean
                what the command line asked for. ``chat_id`` 0 starts a new chat.
            settings: ``keys`` and ``theme`` are used here.
            greeting: The greeting in the first frame; "" if the chat may start otherwise.
            first_run: Start with the tour.
            choose: Start with the list of characters; ``None`` does so when there is no card.
            on_setting: Called with the name and value of a setting the user changed, to save it.
            live_settings: Settings that can be changed during a chat; ``None`` if there are none.

        Raises:
            RptermError: ``settings.keys`` names a command or a key that does not exist.
        """
        super().__init__(settings, keys.of_scope("app"), on_setting)
        self._first_run = first_run
        choose = card is None if choose is None else choose
        self.chat = ChatScreen(
            card, opener, settings, greeting=greeting, choose=choose, live_settings=live_settings
        )
        self.use_command_palette = True
        self._interrupted = self._warned = 0.0
        self._early_keys = EarlyKeys(self, self._type)

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
        self.call_later(self._early_keys.release)
        if self.theme != self.settings.theme:
            self.notify(f"There is no theme {self.settings.theme!r}.", markup=False)
        if self.settings.keys and (warning := key_check.find_conflict(self.settings.keys)):
            self.notify(warning, severity="warning", timeout=CONFLICT_S, markup=False)
        if self._first_run:
            self.run_command("tour")

    async def on_event(self, event: events.Event) -> None:
        """Direct typed and pasted text to the right widget: every key arrives here first."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._early_keys.receive(event)
        elif isinstance(event, events.Key) and not (self.screen_stack and self.screen.is_mounted):
            # No widget took the key, and meanwhile a dialog opened, which it is for, or all closed.
            await self._early_keys.receive(events.Key(event.key, event.character))
        else:
            await super().on_event(event)

    async def _type(self, event: events.Key | events.Paste) -> None:
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
                self.action_command_palette()
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

    def action_command_palette(self) -> None:
        """Open the palette; its placeholder says how commands are typed in the chat."""
        if not isinstance(self.screen, CommandPalette):
            from rpterm.tui import palette

            hint = "Search commands; in the chat you can also type / and a command's name"
            self.push_screen(palette.Palette((palette.Commands,), placeholder=hint))
