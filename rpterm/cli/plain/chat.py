"""A chat in plain mode: reads lines, sends them or has them carried out, and prints the result.

Signals end the chat cleanly. Ctrl+C stops a running reply and keeps what was generated; at the
prompt it leaves the chat, as does the end of the input. SIGTERM and SIGHUP stop a reply, store it
and leave.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from rpterm.chat import events, slash
from rpterm.chat.other_terminals import (
    BRANCH_BEGUN,
    OPEN_TWICE,
    cast_changes_notice,
    is_open_elsewhere,
    is_reply_running_elsewhere,
)
from rpterm.cli import out
from rpterm.cli.guard import complain
from rpterm.cli.plain.output import LineWrapper, ReplyPrinter
from rpterm.cli.plain.waiting import Waiting
from rpterm.errors import RptermError
from rpterm.types import Intent, Turn

if TYPE_CHECKING:
    from rpterm.chat.card_reload import Reloader
    from rpterm.chat.live_settings import LiveSettings
    from rpterm.chat.request import ReplyRequest
    from rpterm.chat.session import Session

SHOWN = 6
"""How many turns are printed when a chat is continued."""

_POLL_SECONDS = 0.2


class Leave(Exception):
    """The user, or a signal, ends the chat."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(code)
        self.code = code


class PlainChat:
    """One chat in plain mode."""

    def __init__(
        self,
        session: Session,
        source: TextIO,
        live_settings: LiveSettings,
        run_command: Callable[[PlainChat, str], None],
    ) -> None:
        """``run_command`` carries out a line that begins with a slash."""
        self._run_command = run_command
        self.session, self.live_settings = session, live_settings
        self._source = source
        if hasattr(source, "reconfigure"):
            source.reconfigure(errors="replace")
        self._interactive = source.isatty()
        self._wrapper = LineWrapper() if sys.stdout.isatty() else None
        self._replying = False
        self._stop_code = 0
        self._card_file: Reloader | None = None
        self._last_seen: Turn | None = None
        self.duel: tuple[Turn, Turn] | None = None
        """The left and the right reply of a duel that waits for a verdict."""

    def run(self) -> None:
        """Print the end of the chat, then answer line after line."""
        if is_open_elsewhere(self.session):
            out.tell(OPEN_TWICE)
        self._load()
        self._reload_card()
        self.show(self.session.path(SHOWN))
        self._note_last_seen()
        for line in self._lines():
            try:
                self._reload_card()
                self._answer(line)
            except RptermError as error:
                complain(str(error))
            self._note_last_seen()

    def _answer(self, line: str) -> None:
        from rpterm.chat.request import ReplyRequest

        moved = self._show_news()
        if slash.is_command(line) and moved:
            out.tell("Nothing was done, because the chat has changed. Repeat the command.")
        elif slash.is_command(line):
            self._run_command(self, line)
        elif line.strip():
            self.send(slash.unescaped(line))
        elif self._interactive and self.session.scene.group:
            self.reply(ReplyRequest(Intent.NEXT))

    # Input -------------------------------------------------------------------------------------
    def _lines(self) -> Iterator[str]:
        """Lines of input; a line that ends with a backslash is continued on the next."""
        held = ""
        while True:
            self._check()
            if self._interactive:
                name = self.session.chat.persona.name
                self.write("… " if held else f"{out.one_line(name)}: ")
            line = self._source.readline()
            if not line:
                if held.strip():
                    yield held
                self.leave_prompt()
                return
            if self._wrapper is not None:
                self._wrapper.begin()
            line = line.rstrip("\r\n")
            if line.endswith("\\"):
                held += line[:-1] + "\n"
                continue
            yield held + line
            held = ""

    # Output ------------------------------------------------------------------------------------
    def write(self, text: str) -> None:
        """Write to standard output at once, without a line end."""
        out.say(self._wrapper.wrap(out.without_controls(text)) if self._wrapper else text, end="")
        sys.stdout.flush()

    def leave_prompt(self) -> None:
        """End the line of a prompt that nobody answered."""
        if self._interactive:
            self.write("\n")

    def show(self, turns: list[Turn]) -> None:
        """Write turns, each with its speaker."""
        for turn in turns:
            swipe = f" ({turn.swipe} of {turn.swipes})" if turn.swipes > 1 else ""
            hidden = " (hidden from the model)" if turn.hidden else ""
            self.write(f"{out.one_line(turn.speaker)}{swipe}{hidden}: {turn.text}\n")

    # The model ---------------------------------------------------------------------------------
    def _load(self) -> None:
        with Waiting("loading the model"):
            info = self.session.load()
        if info.starter and self._interactive:
            out.tell(
                "This is a small starter model for trying things out. `rpterm models list` shows "
                "better ones, and /help lists the commands."
            )

    def _reload_card(self) -> None:
        """Use the card's file as it was saved last, and report what changed."""
        from rpterm.chat.card_reload import NotReloaded, Reloaded, Reloader

        self._card_file = self._card_file or Reloader(self.session)
        report = self._card_file.poll()
        if isinstance(report, NotReloaded):
            complain(report.summary)
        elif report is not None and report.lost:
            complain(report.lost)
        if isinstance(report, Reloaded) and report.summary:
            out.tell(f"The card was saved. {'; '.join(report.summary.splitlines())}")
            self.show_changed_greeting()

    def show_changed_greeting(self) -> None:
        """Print the greeting again if another card or persona has changed it."""
        path, last_seen = self.session.path(1), self._last_seen
        if last_seen is not None and path != [last_seen] and self.session.only_greeted:
            self.show(path)
            self._note_last_seen()

    def _note_last_seen(self) -> None:
        """Note the last turn on the screen, which the user's next line answers."""
        with suppress(RptermError):  # A chat deleted in another terminal is reported when used.
            self._last_seen = next(iter(self.session.path(1)), None)

    def _show_news(self) -> bool:
        """Print what another terminal did in this chat; whether the last turn is a new one."""
        self.session.scene.sync_cast()
        if news := self.session.scene.take_news():
            out.tell(cast_changes_notice(news))
        path, last_seen = self.session.path(SHOWN), self._last_seen
        if path[-1:] == ([last_seen] if last_seen else []):
            return False
        ids, seen_id = [turn.id for turn in path], last_seen.id if last_seen else 0
        fresh = path[ids.index(seen_id) + 1 :] or path[-1:] if seen_id in ids else path
        out.tell("In another terminal:")
        self.show(fresh)
        return ids[-1:] != [seen_id]

    def send(self, text: str) -> None:
        """Send a message and print the reply.

        A message is refused while another terminal is answering. Then a user can repeat it, but a
        pipe cannot, so its message waits and is sent afterwards.
        """
        from rpterm.chat.request import ReplyRequest, SessionError

        while True:
            try:
                after = self._last_seen.id if self._last_seen else None
                self.reply(ReplyRequest(text=text, after=after))
                return
            except SessionError:
                if self._interactive or not is_reply_running_elsewhere(self.session):
                    raise
            self._wait_for_other_terminal()

    def _wait_for_other_terminal(self) -> None:
        """Wait until another terminal has its reply, and print it."""
        out.tell("Another terminal is writing a reply here: your message waits until it is done.")
        while is_reply_running_elsewhere(self.session):
            time.sleep(_POLL_SECONDS)
        self._show_news()
        self._note_last_seen()

    def reply(self, request: ReplyRequest) -> str:
        """Print one reply while it is generated.

        Returns:
            The draft, if the request was for one.
        """
        draft = ""
        printer: ReplyPrinter | None = None
        best = False
        self._replying = True
        try:
            for event in self._events(self.session.reply(request)):
                if isinstance(event, events.UserTurnStored) and event.begins_branch:
                    out.tell(f"{BRANCH_BEGUN} /branches lists all.")
                elif isinstance(event, events.ReplyStarted) and event.turns:
                    printer, best = self._begin_reply(event.turns), event.best
                elif isinstance(event, events.BestKept):
                    self.show([self.session.store.turn(event.turn.id)])
                elif isinstance(event, events.DraftFinished):
                    draft = event.text
                elif printer is not None:
                    self._print_event(printer, event)
                elif isinstance(event, events.ReplyFailed):
                    complain(event.message)
                elif isinstance(event, events.ReplyFinished | events.ReplyCancelled) and not best:
                    self.show([self.session.store.turn(event.turn.id)])
        finally:
            self._replying = False
        self._check()
        return draft

    def collect(self, stream: Iterator[events.SessionEvent]) -> list[Turn]:
        """Generate replies without printing them; return the complete ones in order."""
        finished: dict[int, Turn] = {}
        self._replying = True
        try:
            for event in self._events(stream):
                if isinstance(event, events.ReplyFinished):
                    finished[event.index] = event.turn
                elif isinstance(event, events.ReplyFailed):
                    complain(event.message)
        finally:
            self._replying = False
        self._check()
        return [turn for _, turn in sorted(finished.items())]

    def _events(self, stream: Iterator[events.SessionEvent]) -> Iterator[events.SessionEvent]:
        """The events of a reply; until its text is shown, the user is told why it takes long."""
        with Waiting("preparing the prompt") as waiting:
            streamed = False
            for event in stream:
                waiting.note(event)
                if isinstance(event, events.ReplyStarted):
                    streamed = len(event.turns) == 1
                elif streamed and isinstance(event, events.ReplyDelta):
                    waiting.end()
                yield event

    def _begin_reply(self, turns: Sequence[Turn]) -> ReplyPrinter | None:
        """Print who speaks. Several candidates are not streamed, but printed when complete."""
        if len(turns) > 1:
            return None
        base = turns[0].text
        head = f"{out.one_line(turns[0].speaker)}: {'…' if base else ''}"
        return ReplyPrinter(self.write, base, head=head)

    def _print_event(self, printer: ReplyPrinter, event: events.SessionEvent) -> None:
        """Print an addition to the reply, or its end."""
        if isinstance(event, events.ReplyDelta):
            printer.show(event.text)
        elif isinstance(event, events.ReplyFinished | events.ReplyCancelled):
            printer.finish(event.turn.text)
            if isinstance(event, events.ReplyCancelled):
                out.tell(
                    "Stopped; the text so far is kept. /continue goes on, /regenerate retries."
                )
        elif isinstance(event, events.ReplyFailed):
            printer.leave()
            complain(event.message)

    # Signals -----------------------------------------------------------------------------------
    def interrupt(self, number: int, frame: FrameType | None) -> None:
        """Handle Ctrl+C: stop the reply, or leave at the prompt."""
        if not self._replying:
            raise KeyboardInterrupt
        self._cancel()

    def leave(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal that ends the program, after the reply is stored."""
        self._stop_code = 128 + number
        if not self._replying:
            raise Leave(self._stop_code)
        self._cancel()

    def _cancel(self) -> None:
        # In a separate thread, because the handler may interrupt code that holds the engine's lock.
        threading.Thread(target=self.session.cancel, daemon=True).start()

    def _check(self) -> None:
        if self._stop_code:
            raise Leave(self._stop_code)
