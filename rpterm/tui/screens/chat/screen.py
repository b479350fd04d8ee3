"""The chat screen: transcript, input, status line and panes. Owns the state of the open chat.

Commands (``commands.COMMANDS``) act on it, and worker threads report back by messages. Only the
handlers here and the functions they call touch widgets.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingsMap
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widget import MountError

from rpterm.errors import RptermError, user_message
from rpterm.tui import background, keys, messages
from rpterm.tui.compositor import NarrowCompositor
from rpterm.tui.screens.chat import (
    candidates,
    frame,
    hints,
    keyboard,
    navigation,
    opening,
    other_terminals,
    panes,
    polling,
    replies,
    reply_events,
    scores,
    slash_completion,
    turns,
)
from rpterm.tui.screens.chat.notices import Notices
from rpterm.tui.screens.chat.require import Refusal
from rpterm.tui.screens.chat.state import ChatState
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
    from rpterm.tui.widgets.panes.chats import ChatsPane
    from rpterm.tui.widgets.panes.consistency import ConsistencyPane
    from rpterm.tui.widgets.panes.examples import ExamplesPane
    from rpterm.tui.widgets.panes.memory import MemoryPane

P = ParamSpec("P")
T = TypeVar("T")


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
        opener: background.Opener,
        settings: Settings,
        *,
        greeting: str = "",
        choose: bool = False,
        live_settings: LiveSettings | None = None,
    ) -> None:
        super().__init__()
        self._compositor = NarrowCompositor()
        self.greeting, self.choose_first = greeting, choose
        self._bindings = BindingsMap(keys.bindings(keys.of_scope("chat"), settings.keys))
        self.card, self.opener, self.settings = card, opener, settings
        self.live_settings, self.state = live_settings, ChatState()
        self.tints: dict[str, str] = {}
        self.came_from: list[Location] = []
        self.going_to: tuple[int, int] | None = None
        self.desk = WorkerThread("desk", self._background_failed)
        self.loads = WorkerThread("load", partial(reply_events.report_bug, self))
        self.replies = WorkerThread("reply", partial(reply_events.report_bug, self))
        self.idle = WorkerThread("idle", self._background_failed)
        self.previews = WorkerThread("preview", self._background_failed)
        self.poller = polling.Poller(self, self._background_failed)
        self.keeper = scores.ScoreKeeper(self, self._background_failed)
        self.examples_editor: CardEditor | None = None
        self.say = Notices(self).say
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

    def command(self, name: str) -> None:
        """Run a command of the key registry; its errors are shown as notices."""
        from rpterm.tui.screens.chat.commands import COMMANDS

        if (work := COMMANDS[name](self)) is not None:
            self.run_worker(self._guarded(work), group="command", name=name)

    def work(
        self, work: Awaitable[None], group: str = "command", *, exclusive: bool = False
    ) -> None:
        """Run something in the background; its errors are shown as notices."""
        self.run_worker(self._guarded(work), group=group, exclusive=exclusive)

    def _work_with_dialog(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something that may open a dialog, unless another such call is still running."""
        if any(each.group == "asking" and not each.is_finished for each in self.workers):
            work.close()
            return
        self.run_worker(self._guarded(work), group="asking")

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
    @on(messages.SessionOpened)
    async def session_opened(self, event: messages.SessionOpened) -> None:
        await self._guarded(opening.session_opened(self, event))
        if self.going_to is not None:
            self.work(navigation.show_pending_turn(self), "way")

    @on(messages.OpeningFailed)
    async def opening_failed(self, event: messages.OpeningFailed) -> None:
        await self._guarded(opening.opening_failed(self, event.text))

    @on(messages.ModelProgressed)
    def model_progressed(self, event: messages.ModelProgressed) -> None:
        self.phase(Phase.LOADING, share=event.share)

    @on(messages.ModelLoaded)
    def model_loaded(self, event: messages.ModelLoaded) -> None:
        opening.model_loaded(self, event)

    @on(messages.ModelFailed)
    async def model_failed(self, event: messages.ModelFailed) -> None:
        await self._guarded(opening.model_failed(self, event))

    @on(messages.BranchChanged)
    async def branch_changed(self, event: messages.BranchChanged) -> None:
        await self._guarded(other_terminals.show_changes(self, event))

    @on(messages.SessionReported)
    async def session_reported(self, event: messages.SessionReported) -> None:
        await self._guarded(reply_events.handle(self, event.event))

    @on(messages.ReplyGrown)
    def reply_grown(self, event: messages.ReplyGrown) -> None:
        reply_events.show_growth(self, event)

    @on(messages.ReplyEnded)
    async def reply_ended(self, event: messages.ReplyEnded) -> None:
        await self._guarded(reply_events.reply_ended(self))
        await self._guarded(other_terminals.reply_ended(self))

    @on(messages.ReplySettled)
    def reply_settled(self) -> None:
        reply_events.engine_settled(self)

    @on(messages.ReplyScored)
    def reply_scored(self, event: messages.ReplyScored) -> None:
        scores.receive_score(self, event)

    @on(messages.MemoryChanged)
    def memory_changed(self) -> None:
        panes.refresh_memory(self)

    @on(messages.PromptPreviewed)
    def prompt_previewed(self, event: messages.PromptPreviewed) -> None:
        panes.show_preview(self, event)

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
        self.work(candidates.keep_candidate(self, event.turn))

    @on(Transcript.HistoryRequested)
    def history_wanted(self) -> None:
        self.work(turns.load_history(self), "history", exclusive=True)

    @on(KeyHints.Clicked)
    def hint_clicked(self, event: KeyHints.Clicked) -> None:
        of_app = keys.BY_ID[event.command].scope == "app"
        (self.app.run_command if of_app else self.command)(event.command)  # type: ignore[attr-defined]

    @on(KeyHints.Completed)
    def completion_clicked(self, event: KeyHints.Completed) -> None:
        slash_completion.take(self, event.word)

    @on(events.DescendantFocus)
    def focus_moved(self) -> None:
        if self.input.has_focus and self.transcript.selected is not None:
            self.transcript.select(None)
        self.refresh_hints()

    def on_resize(self, event: events.Resize) -> None:
        panes.fit_to_size(self, event.size)

    @on(polling.CardSaved)
    async def card_saved(self, event: polling.CardSaved) -> None:
        await self._guarded(polling.card_saved(self, event))

    @on(Alarm.Clicked)
    def alarm_clicked(self, event: Alarm.Clicked) -> None:
        self.command(event.command) if event.command else scores.dismiss_alarm(self)

    # Handlers by name and not by @on: these widgets are imported when they are first opened.
    def on_chats_pane_chosen(self, event: ChatsPane.Chosen) -> None:
        """A chat was chosen in the Chats pane."""
        from rpterm.tui.screens.chat import chats

        self.work(chats.open_chat(self, event.chat_id))

    def on_memory_pane_command_run(self, event: MemoryPane.CommandRun) -> None:
        """A command key was pressed in the Memory pane."""
        from rpterm.tui.screens.chat import memory_commands

        self._work_with_dialog(memory_commands.run_command(self, event))

    def on_memory_pane_query_changed(self) -> None:
        """The search in the Memory pane changed."""
        from rpterm.tui.screens.chat import memory

        memory.refresh_soon(self)

    def on_consistency_pane_line_wanted(self, event: ConsistencyPane.LineWanted) -> None:
        """A line of the card was chosen in the Consistency pane."""
        self.work(panes.show_line(self, event.line))

    def on_examples_pane_command_run(self, event: ExamplesPane.CommandRun) -> None:
        """A command key was pressed in the Examples pane."""
        from rpterm.tui.screens.chat.example_commands import COMMANDS

        self._work_with_dialog(COMMANDS[event.command](self))

    def on_examples_pane_slider_clicked(self, event: ExamplesPane.SliderClicked) -> None:
        """A slider of the Examples pane was moved."""
        from rpterm.tui.screens.chat.examples import slider_moved

        self.work(slider_moved(self, event.k, event.budget))

    def on_unmount(self) -> None:
        lanes = (self.desk, self.loads, self.replies, self.idle, self.previews)
        for each in (*lanes, self.poller, self.keeper):
            each.close()
