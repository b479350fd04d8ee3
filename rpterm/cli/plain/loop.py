"""The loop of plain mode: read a line, do what it says, write what comes.

Signals are turned into clean ends here. Ctrl+C stops a running reply and keeps what has come; at
the prompt it leaves, as does the end of the input. SIGTERM and SIGHUP stop, store and leave.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from rpterm import slash
from rpterm.chat import events
from rpterm.chat.elsewhere import OPEN_TWICE, PARTED, is_elsewhere, told
from rpterm.cli import out
from rpterm.cli.guard import INTERRUPTED, complain
from rpterm.cli.plain.folding import Folder
from rpterm.cli.plain.printer import Printer
from rpterm.opening.launch import Launch
from rpterm.types import Intent, RptermError, Turn

if TYPE_CHECKING:
    from rpterm.chat.reload import Reloader
    from rpterm.chat.session import ReplyRequest, Session
    from rpterm.tuning import Tuning

SHOWN = 6
"""Turns written when a chat is taken up again."""

_LEAVE_ON = ("SIGTERM", "SIGHUP")


class Leave(Exception):
    """The user, or a signal, ends the chat."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(code)
        self.code = code


def run(launch: Launch, tuning: Tuning) -> int:
    """Chat until the input ends.

    Returns:
        The exit code: 0, 130 after Ctrl+C, 128 and the number of another signal.
    """
    try:
        session = launch.open()
        talk = Talk(session, sys.stdin, tuning)
        try:
            with talk.signals():
                talk.run()
        except Leave as leave:
            return leave.code
        except KeyboardInterrupt:
            talk.leave_prompt()
            return INTERRUPTED
        finally:
            with _quiet():
                session.close()
    finally:
        launch.close()
    return 0


class Talk:
    """One chat in lines."""

    def __init__(self, session: Session, source: TextIO, tuning: Tuning) -> None:
        self.session, self.tuning = session, tuning
        self._source = source
        if hasattr(source, "reconfigure"):
            source.reconfigure(errors="replace")
        self._interactive = source.isatty()
        self._folder = Folder() if sys.stdout.isatty() else None
        self._replying = False
        self._stop_code = 0
        self._card_file: Reloader | None = None
        self._seen: Turn | None = None
        self.duel: tuple[Turn, Turn] | None = None
        """Two replies that wait for a verdict, as they stand on paper."""

    def run(self) -> None:
        """Greet, then answer line after line."""
        if is_elsewhere(self.session):
            self.tell(OPEN_TWICE)
        self._load()
        self._look_at_card()
        self.show(self.session.path(SHOWN))
        self._see()
        for line in self._lines():
            try:
                self._look_at_card()
                self._answer(line)
            except RptermError as error:
                complain(str(error))
            self._see()

    def _answer(self, line: str) -> None:
        from rpterm.chat.request import ReplyRequest
        from rpterm.cli.plain.commands import command

        moved = self._look_elsewhere()
        if slash.is_command(line) and moved:
            self.tell("Nothing was done: the command was for what stood there before. Repeat it.")
        elif slash.is_command(line):
            command(self, line)
        elif line.strip():
            self.send(slash.message(line))
        elif self._interactive and self.session.scene.group:
            self.reply(ReplyRequest(Intent.NEXT))

    # What comes in -----------------------------------------------------------------------------
    def _lines(self) -> Iterator[str]:
        """Lines of input; one that ends with a backslash goes on in the next."""
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
            if self._folder is not None:
                self._folder.begin()
            line = line.rstrip("\r\n")
            if line.endswith("\\"):
                held += line[:-1] + "\n"
                continue
            yield held + line
            held = ""

    # What goes out -----------------------------------------------------------------------------
    def write(self, text: str) -> None:
        """Write without a line end, at once."""
        out.say(self._folder.fold(out.harmless(text)) if self._folder else text, end="")
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

    def tell(self, text: str) -> None:
        """Write a remark of the program: to standard error, so that pipes hold the chat alone."""
        with suppress(OSError, ValueError):
            sys.stderr.write(out.harmless(text) + "\n")
            sys.stderr.flush()

    # The model ---------------------------------------------------------------------------------
    def _load(self) -> None:
        info = self.session.load()
        if info.starter and self._interactive:
            self.tell(
                "This is a small starter model, for trying things out; "
                "`rpterm models list` and `rpterm models pull` lead to better ones. /help helps."
            )

    def _look_at_card(self) -> None:
        """Use the card as it was saved last, and tell what changed."""
        from rpterm.chat.reload import NotReloaded, Reloaded, Reloader

        self._card_file = self._card_file or Reloader(self.session)
        report = self._card_file.poll()
        if isinstance(report, NotReloaded):
            complain(report.summary)
        elif report is not None and report.lost:
            complain(report.lost)
        if isinstance(report, Reloaded) and report.summary:
            self.tell(f"The card was saved. {'; '.join(report.summary.splitlines())}")

    def _see(self) -> None:
        """Note what stands last on the screen: what is written next is meant for it."""
        with suppress(RptermError):  # Another terminal may have deleted the chat: told when used.
            self._seen = next(iter(self.session.path(1)), None)

    def _look_elsewhere(self) -> bool:
        """Write what another terminal said in this chat since; whether it stands last now."""
        self.session.scene.follow()
        if news := self.session.scene.news():
            self.tell(told(news))
        path = self.session.path(SHOWN)
        if path[-1:] == ([self._seen] if self._seen else []):
            return False
        ids, seen = [turn.id for turn in path], self._seen.id if self._seen else 0
        fresh = path[ids.index(seen) + 1 :] or path[-1:] if seen in ids else path
        self.tell("In another terminal:")
        self.show(fresh)
        return ids[-1:] != [seen]

    def send(self, text: str) -> None:
        """Send a message and write the reply."""
        from rpterm.chat.request import ReplyRequest

        self.reply(ReplyRequest(text=text, after=self._seen.id if self._seen else None))

    def reply(self, request: ReplyRequest) -> str:
        """Write one reply as it comes.

        Returns:
            The draft, when the request was for one.
        """
        draft = ""
        printer: Printer | None = None
        best = False
        self._replying = True
        try:
            for event in self.session.reply(request):
                if isinstance(event, events.UserTurnStored) and event.parted:
                    self.tell(f"{PARTED} /branches lists all.")
                elif isinstance(event, events.ReplyStarted) and event.turns:
                    printer, best = self._start(event.turns), event.best
                elif isinstance(event, events.BestKept):
                    self.show([self.session.store.turn(event.turn.id)])
                elif isinstance(event, events.DraftFinished):
                    draft = event.text
                elif printer is not None:
                    self._grow(printer, event)
                elif isinstance(event, events.ReplyFailed):
                    complain(event.message)
                elif isinstance(event, events.ReplyFinished | events.ReplyCancelled) and not best:
                    self.show([self.session.store.turn(event.turn.id)])
        finally:
            self._replying = False
        self._check()
        return draft

    def collect(self, stream: Iterator[events.SessionEvent]) -> list[Turn]:
        """Make replies without writing them; those that are complete, in their order."""
        made: dict[int, Turn] = {}
        self._replying = True
        try:
            for event in stream:
                if isinstance(event, events.ReplyFinished):
                    made[event.index] = event.turn
                elif isinstance(event, events.ReplyFailed):
                    complain(event.message)
        finally:
            self._replying = False
        self._check()
        return [turn for _, turn in sorted(made.items())]

    def _start(self, turns: Sequence[Turn]) -> Printer | None:
        """Write who speaks. Several candidates are not streamed: they are told when complete."""
        if len(turns) > 1:
            return None
        base = turns[0].text
        self.write(f"{out.one_line(turns[0].speaker)}: {'…' if base else ''}")
        return Printer(self.write, base)

    def _grow(self, printer: Printer, event: events.SessionEvent) -> None:
        """Write what the reply gained."""
        if isinstance(event, events.ReplyDelta):
            printer.show(event.text)
        elif isinstance(event, events.ReplyFinished | events.ReplyCancelled):
            printer.finish(event.turn.text)
            if isinstance(event, events.ReplyCancelled):
                self.tell("Stopped; what had come is kept. /continue goes on, /regenerate retries.")
        elif isinstance(event, events.ReplyFailed):
            self.write("\n")
            complain(event.message)

    # Signals -----------------------------------------------------------------------------------
    @contextmanager
    def signals(self) -> Iterator[None]:
        """Handle signals while the chat runs; afterwards all is as before."""
        before = {signal.SIGINT: signal.signal(signal.SIGINT, self._interrupt)}
        for name in _LEAVE_ON:
            if (number := getattr(signal, name, None)) is not None:
                before[number] = signal.signal(number, self._leave)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if not self._replying:
            raise KeyboardInterrupt
        self._cancel()

    def _leave(self, number: int, frame: FrameType | None) -> None:
        self._stop_code = 128 + number
        if not self._replying:
            raise Leave(self._stop_code)
        self._cancel()

    def _cancel(self) -> None:
        # In a thread of its own: the handler interrupts code that may hold the engine's lock.
        threading.Thread(target=self.session.cancel, daemon=True).start()

    def _check(self) -> None:
        if self._stop_code:
            raise Leave(self._stop_code)


@contextmanager
def _quiet() -> Iterator[None]:
    """While the chat is being stored for the last time nothing may interrupt it."""
    numbers = [signal.SIGINT, *(getattr(signal, n) for n in _LEAVE_ON if hasattr(signal, n))]
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
