"""The chat screen: transcript, input, status line and panes. Owns the state of the open chat.

Commands (``commands.COMMANDS``) act on it, and worker threads report back by messages. Only the
handlers here and the functions they call touch widgets.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingsMap
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widget import MountError

from rpterm.errors import RptermError, user_message
from rpterm.tui import keys, messages
from rpterm.tui.compositor import NarrowCompositor
from rpterm.tui.screens.chat import (
    candidates,
    frame,
    generating,
    hints,
    keyboard,
    navigation,
    opening,
    polling,
    replies,
    reply_events,
    scores,
    slash_completion,
    turns,
)
from rpterm.tui.screens.chat.require import Refusal
from rpterm.tui.screens.chat.state import ChatState, Opener, ScreenRequest
from rpterm.tui.widgets.alarm import Alarm
from rpterm.tui.widgets.candidates import Candidates
from rpterm.tui.widgets.header import Header
from rpterm.tui.widgets.hints import KeyHints
from rpterm.tui.widgets.panes.host import PaneHost
from rpterm.tui.widgets.prompt_input import PromptInput
from rpterm.tui.widgets.status import Phase, StatusLine
from rpterm.tui.widgets.transcript import Transcript
from rpterm.tui.widgets.turn import TurnView
from rpterm.tui.widgets.turn_editor import TurnEditor
from rpterm.tui.worker_thread import WorkerThread

if TYPE_CHECKING:
    from textual.timer import Timer

    from rpterm.cards.card import CharacterCard
    from rpterm.chat.live_settings import LiveSettings
    from rpterm.chat.session import Session
    from rpterm.config import Settings
    from rpterm.examples.editor import CardEditor
    from rpterm.tui.screens.chat.navigation import Location

P = ParamSpec("P")
T = TypeVar("T")
SAID_S = 3.0
"""How long the same notice is not repeated, in seconds: a key held down would pile them up."""
ERROR_S = 12.0
"""How long an error stays: one in a saved card is read when the user is back from the editor."""


class ChatScreen(Screen[None]):
    """The screen of one chat.

    Attributes:
        tints: The colours of speakers by name, if there are several characters.
        came_from: Where jumps to memories and search hits started; the last one is left first.
        going_to: The chat and turn to show once that chat is open.
        desk: Runs quick calls of the session. This and the others are lanes: queues with a thread.
        loads: Opens chats and loads models.
        replies: Generates replies.
        idle: Waits for the engine to settle.
        previews: Builds prompt previews.
        poller: Polls the card file and other terminals.
        keeper: Scores the replies.
    """

    AUTO_FOCUS = "#input"
    DEFAULT_CSS = """
    ChatScreen {
        background: $background;
        #body { height: 1fr; }
        #main { width: 1fr; align-horizontal: center; }
        #column { width: 100%; max-width: 96; padding: 0 1; }
        &.-overlay #main { display: none; }
        &.-short KeyHints { max-height: 3; }
        &.-short #memory-detail { height: 0; margin: 0; border: none; }
        &.-tiny Header, &.-tiny KeyHints { display: none; }
        &.-tiny #input { border: none; padding: 0; }
    }
    """

    def __init__(
        self,
        card: CharacterCard | None,
        opener: Opener,
        settings: Settings,
        *,
        greeting: str = "",
        choose: bool | None = None,
        live_settings: LiveSettings | None = None,
    ) -> None:
        """Create the screen.

        Args:
            card: The character of the first frame; ``None`` lets the user choose.
            opener: ``opener(target, chat_id)`` creates the session, in a thread. Both ``None`` mean
                what the command line asked for. ``chat_id`` 0 starts a new chat.
            settings: The settings at the start.
            greeting: The greeting in the first frame; "" if the chat may start otherwise.
            choose: Start with the list of characters; ``None`` does so when there is no card.
            live_settings: Settings that can be changed during a chat; ``None`` if there are none.
        """
        super().__init__()
        self._compositor = NarrowCompositor()
        self.greeting, self.choose_first = greeting, card is None if choose is None else choose
        self._bindings = BindingsMap(keys.bindings(keys.of_scope("chat"), settings.keys))
        self.card, self.opener, self.settings = card, opener, settings
        self.live_settings, self.state = live_settings, ChatState()
        self.tints: dict[str, str] = {}
        self.came_from: list[Location] = []
        self.going_to: tuple[int, int] | None = None
        self.desk = WorkerThread("desk", self._background_failed)
        self.loads = WorkerThread("load", partial(generating.report_bug, self))
        self.replies = WorkerThread("reply", partial(generating.report_bug, self))
        self.idle = WorkerThread("idle", self._background_failed)
        self.previews = WorkerThread("preview", self._background_failed)
        self.poller = polling.Poller(self, self._background_failed)
        self.keeper = scores.ScoreKeeper(self, self._background_failed)
        self.examples_editor: CardEditor | None = None
        self._said, self._said_until = "", 0.0
        self._pending: dict[str, Timer] = {}

    # Widgets -----------------------------------------------------------------------------------
    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Horizontal(id="body"):
            with Vertical(id="main"), Vertical(id="column"):
                yield Transcript(opening.first_views(self), id="transcript")
                yield Alarm()
                yield PromptInput(id="input", press=partial(keyboard.press, self))
            yield PaneHost(id="panes")
        yield StatusLine(id="status")
        yield KeyHints(id="hints")

    def on_mount(self) -> None:
        frame.show_header(self)
        self.refresh_hints()
        self.call_after_refresh(opening.begin, self)
        self.set_interval(polling.EVERY_S, self.poller.tick)
        self.set_interval(replies.SILENCE_CHECK_S, partial(replies.show_silence, self))

    @property
    def transcript(self) -> Transcript:
        return self.query_one("#transcript", Transcript)

    @property
    def input(self) -> PromptInput:
        return self.query_one("#input", PromptInput)

    @property
    def panes(self) -> PaneHost:
        return self.query_one("#panes", PaneHost)

    @property
    def session(self) -> Session | None:
        return self.state.session

    # Commands ----------------------------------------------------------------------------------
    def key_name(self, command: str) -> str:
        """The first key of a command, as it is written in a sentence."""
        return keys.key_name(command, self.settings.keys)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return keyboard.allows(self, action, parameters)

    def action_command(self, name: str) -> None:
        self.command(name)

    def action_hint(self, name: str) -> None:
        """Run the command of a hint that was clicked."""
        of_app = keys.BY_ID[name].scope == "app"
        (self.app.run_command if of_app else self.command)(name)  # type: ignore[attr-defined]

    def action_complete(self, word: str) -> None:
        """Take the completion that was clicked."""
        slash_completion.take(self, word)

    def action_dismiss_alarm(self) -> None:
        """Hide the alarm."""
        scores.dismiss_alarm(self)

    def command(self, name: str) -> None:
        """Run a command of the key registry; its errors are shown as notices.

        A command of a pane, which may open a dialog, is ignored while another one still runs.
        """
        from rpterm.tui.screens.chat.commands import COMMANDS

        group = "asking" if keys.BY_ID[name].scope in ("memory", "examples") else "command"
        running = (each for each in self.workers if each.group == group == "asking")
        if any(not each.is_finished for each in running):
            return
        if (work := COMMANDS[name](self)) is not None:
            self.run_worker(self._guarded(work), group=group, name=name)

    def work(
        self, work: Awaitable[None], group: str = "command", *, exclusive: bool = False
    ) -> None:
        """Run something in the background; its errors are shown as notices."""
        self.run_worker(self._guarded(work), group=group, exclusive=exclusive)

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Await something, show its error as a notice, and update the hints."""
        try:
            await work
        except Refusal as refusal:
            self.say(str(refusal))
        except RptermError as error:
            self.say(str(error), error=True)
        except MountError:
            if self.is_attached:
                raise
            return  # The app is quitting: a widget for what was still reported has no place.
        self.refresh_hints()

    async def ask(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function of the session in the desk's thread and await its result."""
        return await self.desk.call(function, *args, **kwargs)

    def say(self, sentence: str, *, error: bool = False, title: str = "") -> None:
        """Show a notice; the same notice again only after ``SAID_S``."""
        now = time.monotonic()
        if sentence == self._said and now < self._said_until:
            return
        self._said, self._said_until = sentence, now + SAID_S
        severity: Literal["error", "information"] = "error" if error else "information"
        timeout = ERROR_S if error else None
        self.notify(sentence, title=title, severity=severity, timeout=timeout, markup=False)

    def after_pause(self, name: str, seconds: float, call: Callable[[], object]) -> None:
        """Call something after a pause, which begins again with each request of this name."""
        if (pending := self._pending.pop(name, None)) is not None:
            pending.stop()
        if seconds:
            self._pending[name] = self.set_timer(seconds, call)
        else:
            call()

    def _background_failed(self, error: Exception) -> None:
        """Another thread failed: show a notice; a running reply continues."""
        self.call_later(self.say, user_message(error), error=True)

    # What one part of the screen asks of another -------------------------------------------------
    def open_chat(self, target: str | None, chat_id: int | None) -> None:
        """Open a chat in a thread; see ``opening.open_chat``."""
        opening.open_chat(self, target, chat_id)

    def show_pending_turn(self) -> None:
        """Show the turn that a jump led to, now that its chat is open."""
        if self.going_to is not None:
            self.work(navigation.show_pending_turn(self), "way")

    def generate(
        self, session: Session, request: ScreenRequest, stopped: Callable[[], bool]
    ) -> None:
        """Generate a reply, in the thread of the reply lane."""
        generating.generate(self, session, request, stopped)

    def engine_settled(self) -> None:
        """The engine can take the next message at the least cost."""
        reply_events.engine_settled(self)

    def fill_pane(self, name: str) -> None:
        """Fill a pane anew in the background, if it is open."""
        if name in self.panes.shown:
            from rpterm.tui.screens.chat import panes

            self.work(panes.fill(self, name), name)

    def fill_panes(self) -> None:
        """Another chat or card is open: show its scores, and fill all open panes anew."""
        scores.refresh(self)
        for name in self.panes.shown:
            self.fill_pane(name)

    # Status ------------------------------------------------------------------------------------
    def figures(self, **changes: object) -> None:
        """Update figures of the status line."""
        self.state.figures = replace(self.state.figures, **changes)  # type: ignore[arg-type]
        self.query_one("#status", StatusLine).show(self.state.figures)

    def phase(self, phase: Phase, **changes: object) -> None:
        """Change the phase that the status line shows."""
        self.figures(phase=phase, silent_s=0, **changes)
        self.refresh_hints()

    def refresh_hints(self) -> None:
        """Show the keys that can be used now, unless the program is quitting."""
        if self.is_mounted and self.display:
            hints.show_hints(self)

    # Messages from threads ---------------------------------------------------------------------
    def tell(self, show: Callable[[], messages.Shown], covers: Iterable[object] = ()) -> None:
        """Let the screen show something; called from any thread. See ``messages.Told``."""
        self.post_message(messages.Told(show, covers))

    @on(messages.Told)
    async def told(self, event: messages.Told) -> None:
        await self._guarded(event.run())

    # Messages from widgets ---------------------------------------------------------------------
    @on(PromptInput.Drafted)
    def input_drafted(self) -> None:
        from rpterm.tui.screens.chat import sending

        self.keeper.interrupt()
        sending.draft_changed(self)

    @on(TurnView.Clicked)
    def turn_clicked(self, event: TurnView.Clicked) -> None:
        turns.select(self, event.turn)

    @on(TurnView.SwipeClicked)
    def swipe_clicked(self, event: TurnView.SwipeClicked) -> None:
        self.work(turns.swipe_turn(self, event.turn, event.step))

    @on(TurnEditor.Closed)
    async def editor_closed(self, event: TurnEditor.Closed) -> None:
        await self._guarded(turns.close_editor(self, event.turn, event.text))

    @on(Candidates.Chosen)
    def candidate_chosen(self, event: Candidates.Chosen) -> None:
        self.work(candidates.choose(self, event.turn))

    @on(Transcript.HistoryRequested)
    def history_wanted(self) -> None:
        self.work(turns.load_history(self), "history", exclusive=True)

    @on(events.DescendantFocus)
    def focus_moved(self) -> None:
        if self.input.has_focus and self.transcript.selected is not None:
            self.transcript.select(None)
        self.refresh_hints()

    def on_resize(self, event: events.Resize) -> None:
        frame.fit_to_size(self, event.size)

    def on_unmount(self) -> None:
        lanes = (self.desk, self.loads, self.replies, self.idle, self.previews)
        for each in (*lanes, self.poller, self.keeper):
            each.close()
