"""The chat: transcript, input, status, panes. Owns the state of one open chat.

Commands (``commands.COMMANDS``) change it, messages of the workers tell what came of them, and only
the handlers here and the functions they call touch widgets.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingsMap
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from rpterm.defect import told, traced
from rpterm.tui import keys, messages, worker
from rpterm.tui.compositor import NarrowCompositor
from rpterm.tui.lane import Lane
from rpterm.tui.screens.chat import (
    chats,
    frame,
    opening,
    other_terminals,
    panes,
    polling,
    replies,
    reply_events,
    scores,
    turns,
)
from rpterm.tui.screens.chat.keyboard import is_active
from rpterm.tui.screens.chat.state import ChatState
from rpterm.tui.widgets.candidates import Candidates
from rpterm.tui.widgets.header import Header
from rpterm.tui.widgets.hints import KeyHints
from rpterm.tui.widgets.panes.chats import ChatsPane
from rpterm.tui.widgets.panes.host import PaneHost
from rpterm.tui.widgets.prompt_input import PromptInput
from rpterm.tui.widgets.status import Phase, StatusLine
from rpterm.tui.widgets.transcript import Transcript
from rpterm.tui.widgets.turn import TurnView
from rpterm.tui.widgets.turn_editor import TurnEditor
from rpterm.types import RptermError

if TYPE_CHECKING:
    from rpterm.cards.card import CharacterCard
    from rpterm.chat.session import Session
    from rpterm.config import Settings
    from rpterm.examples.editor import CardEditor
    from rpterm.tui.screens.chat.navigation import Place
    from rpterm.tui.widgets.alarm import Alarm
    from rpterm.tui.widgets.panes.consistency import ConsistencyPane
    from rpterm.tui.widgets.panes.examples import ExamplesPane
    from rpterm.tui.widgets.panes.memory import MemoryPane
    from rpterm.tuning import Tuning

SAID_S = 3.0
"""For so long a notice is not repeated: a key that is held would pile them up."""
P = ParamSpec("P")
T = TypeVar("T")


class ChatScreen(Screen[None]):
    """One chat."""

    AUTO_FOCUS = "#input"
    DEFAULT_CSS = """
    ChatScreen {
        background: $background;
        #body { height: 1fr; }
        #main { width: 1fr; align-horizontal: center; }
        #column { width: 100%; max-width: 96; padding: 0 1; }
        &.-overlay #main { display: none; }
        &.-tiny Header, &.-tiny KeyHints { display: none; }
        &.-tiny #input { border: none; padding: 0; }
    }
    """

    def __init__(
        self,
        card: CharacterCard | None,
        opener: worker.Opener,
        settings: Settings,
        *,
        greeting: str = "",
        choose: bool = False,
        tuning: Tuning | None = None,
    ) -> None:
        super().__init__()
        self._compositor = NarrowCompositor()
        self.greeting, self.choose_first = greeting, choose
        self._bindings = BindingsMap(keys.bindings("chat", settings.keys))
        self.card, self.opener, self.settings = card, opener, settings
        self.tuning, self.state = tuning, ChatState()
        self.tints: dict[str, str] = {}
        """Colours of speakers by name, where there are several characters."""
        # Where memories and searches led: from places, to a turn.
        self.came_from: list[Place] = []
        self.going_to: tuple[int, int] | None = None
        self.desk = Lane("desk", self._slipped)
        self.loads = Lane("load", self._broke)
        self.replies = Lane("reply", self._broke)
        self.idle = Lane("idle", self._slipped)
        self.previews = Lane("preview", self._slipped)
        self.follower = polling.Follower(self, self._slipped)
        self.keeper = scores.Watcher(self, self._slipped)
        self.examples_editor: CardEditor | None = None
        self._said = ("", 0.0)

    # Widgets -----------------------------------------------------------------------------------
    def compose(self) -> ComposeResult:
        yield Header(id="header")
        with Horizontal(id="body"):
            with Vertical(id="main"), Vertical(id="column"):
                yield Transcript(opening.first_views(self), id="transcript")
                yield PromptInput(id="input", press=self.press)
            yield PaneHost(id="panes")
        yield StatusLine(id="status")
        yield KeyHints(self.settings.keys, id="hints")

    def on_mount(self) -> None:
        frame.show_header(self)
        self.refresh_hints()
        self.call_after_refresh(opening.begin, self)
        self.set_interval(polling.EVERY_S, self.follower.tick)

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
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "command" and parameters and (key := keys.BY_ID.get(str(parameters[0]))):
            return self.is_mounted and is_active(self, key, typed=False)  # Keys may come early.
        return True

    def press(self, name: str) -> bool:
        """Do what a key means while one writes; False leaves it to the input."""
        for key in keys.while_writing(name, self.settings.keys):
            if is_active(self, key, typed=True):
                self.command(key.id)
                return True
        if self.input.empty and keys.is_for("help", name, self.settings.keys):
            self.app.run_command("help")  # type: ignore[attr-defined]
            return True
        return False

    def action_command(self, name: str) -> None:
        self.command(name)

    def command(self, name: str) -> None:
        """Run a command of the registry; its errors become a notice."""
        from rpterm.tui.screens.chat.commands import COMMANDS

        if (work := COMMANDS[name](self)) is not None:
            self.run_worker(self._guarded(work), group="command", name=name)

    def work(
        self, work: Awaitable[None], group: str = "command", *, exclusive: bool = False
    ) -> None:
        """Do something beside what goes on; its errors become a notice."""
        self.run_worker(self._guarded(work), group=group, exclusive=exclusive)

    def _asking(self, work: Coroutine[Any, Any, None]) -> None:
        """The same for what may open a dialog: one at a time, however fast the keys come."""
        if any(each.group == "asking" and not each.is_finished for each in self.workers):
            work.close()
            return
        self.run_worker(self._guarded(work), group="asking")

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Do something; its errors become a notice."""
        try:
            await work
        except RptermError as error:
            self.say(str(error), error=True)
        self.refresh_hints()

    async def ask(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the session in the desk's thread and wait for the answer."""
        return await self.desk.call(function, *args, **kwargs)

    def say(self, sentence: str, *, error: bool = False, title: str = "") -> None:
        """Tell something in passing; the same again only when it has had time to go."""
        now, (last, until) = time.monotonic(), self._said
        if sentence == last and now < until:
            return
        self._said = sentence, now + SAID_S
        severity: Literal["error", "information"] = "error" if error else "information"
        # Who saves a card in an editor comes back later to read what is wrong with it.
        stay = 12.0 if error else None
        self.notify(sentence, title=title, severity=severity, timeout=stay, markup=False)

    def _broke(self, error: Exception) -> None:
        """The thread of the reply met a defect of ours: show it instead of waiting for ever."""
        from rpterm.chat.events import ReplyFailed

        self.post_message(messages.SessionTold(ReplyFailed(told(error), traced(error))))
        self.post_message(messages.ReplyEnded())

    def _slipped(self, error: Exception) -> None:
        """A thread beside the reply failed, which goes on."""
        self.call_later(self.say, told(error), error=True)

    # Status ------------------------------------------------------------------------------------
    def figures(self, **changes: object) -> None:
        """Change the status line."""
        self.state.figures = replace(self.state.figures, **changes)  # type: ignore[arg-type]
        self.query_one("#status", StatusLine).show(self.state.figures)

    def phase(self, phase: Phase, **changes: object) -> None:
        """Change what the status line says is going on."""
        self.figures(phase=phase, **changes)
        self.refresh_hints()

    def refresh_hints(self) -> None:
        """Show the keys for what can be done now."""
        if self.is_mounted:
            panes.show_hints(self)

    # What happened in threads ------------------------------------------------------------------
    @on(messages.SessionOpened)
    async def session_opened(self, event: messages.SessionOpened) -> None:
        await self._guarded(opening.session_opened(self, event))

    @on(messages.OpeningFailed)
    async def opening_failed(self, event: messages.OpeningFailed) -> None:
        await opening.opening_failed(self, event.text)

    @on(messages.ModelProgressed)
    def model_progressed(self, event: messages.ModelProgressed) -> None:
        self.phase(Phase.LOADING, share=event.share)

    @on(messages.ModelLoaded)
    def model_loaded(self, event: messages.ModelLoaded) -> None:
        opening.model_loaded(self, event)

    @on(messages.ModelFailed)
    async def model_failed(self, event: messages.ModelFailed) -> None:
        await opening.model_failed(self, event)

    @on(messages.PathRead)
    async def path_read(self, event: messages.PathRead) -> None:
        await self._guarded(other_terminals.show_changes(self, event))

    @on(messages.SessionTold)
    async def session_told(self, event: messages.SessionTold) -> None:
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

    @on(messages.MemoryNoted)
    def memory_noted(self) -> None:
        panes.refresh_memory(self)

    @on(messages.PromptPreviewed)
    def prompt_previewed(self, event: messages.PromptPreviewed) -> None:
        panes.show_preview(self, event)

    # What happened in widgets ------------------------------------------------------------------
    @on(PromptInput.Emptied)
    def input_emptied(self) -> None:
        self.refresh_hints()

    @on(PromptInput.Drafted)
    def input_drafted(self) -> None:
        from rpterm.tui.screens.chat import sending

        self.keeper.disturb()
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
        self.work(replies.keep_candidate(self, event.turn))

    @on(Transcript.HistoryWanted)
    def history_wanted(self) -> None:
        self.work(turns.load_history(self), "history", exclusive=True)

    @on(KeyHints.Clicked)
    def hint_clicked(self, event: KeyHints.Clicked) -> None:
        of_app = keys.BY_ID[event.command].scope == "app"
        (self.app.run_command if of_app else self.command)(event.command)  # type: ignore[attr-defined]

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

    @on(ChatsPane.Taken)
    def chat_taken(self, event: ChatsPane.Taken) -> None:
        self.work(chats.open_chat(self, event.chat_id))

    # By name, not by @on: the Memory pane is imported when it is first opened.
    def on_memory_pane_wanted(self, event: MemoryPane.Wanted) -> None:
        """A key of the Memory pane."""
        from rpterm.tui.screens.chat import memory

        self._asking(memory.run_command(self, event))

    def on_memory_pane_asked(self) -> None:
        """Another search in the Memory pane."""
        from rpterm.tui.screens.chat import memory

        memory.refresh_soon(self)

    def on_consistency_pane_line_wanted(self, event: ConsistencyPane.LineWanted) -> None:
        """A line of the card in the Consistency pane."""
        self.work(panes.show_line(self, event.line))

    def on_examples_pane_wanted(self, event: ExamplesPane.Wanted) -> None:
        """A key of the Examples pane."""
        from rpterm.tui.screens.chat.example_commands import COMMANDS

        self._asking(COMMANDS[event.command](self))

    def on_examples_pane_sized(self, event: ExamplesPane.Sized) -> None:
        """A slider of the Examples pane."""
        from rpterm.tui.screens.chat.examples import slider_moved

        self.work(slider_moved(self, event.k, event.budget))

    def on_alarm_clicked(self, event: Alarm.Clicked) -> None:
        """A remedy, or none."""
        self.command(event.command) if event.command else scores.dismiss_alarm(self)

    def on_unmount(self) -> None:
        lanes = (self.desk, self.loads, self.replies, self.idle, self.previews)
        for each in (*lanes, self.follower, self.keeper):
            each.close()
