"""Generates a reply in a thread and tells the screen of it, at most 20 times a second.

Nothing here touches a widget.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from rpterm.errors import RptermError, traceback_text, user_message
from rpterm.tui.messages import Shown, Told
from rpterm.tui.screens.chat import other_terminals, reply_events

if TYPE_CHECKING:
    from rpterm.chat import events
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen
    from rpterm.tui.screens.chat.state import ScreenRequest

FRAME_S = 1 / 20
"""Shortest time between two messages about the same growing reply."""


def generate(
    chat: ChatScreen, session: Session, request: ScreenRequest, stopped: Callable[[], bool]
) -> None:
    """Generate a reply; nothing is told any more once ``stopped`` holds."""
    from rpterm.chat.events import ReplyFailed

    teller = _Teller(chat, stopped)
    try:
        with closing(_start(session, request)) as stream:
            teller.tell_all(stream)
    except RptermError as error:
        teller.tell_event(ReplyFailed(str(error), getattr(error, "log_tail", "")))
    teller.tell_end()


def report_bug(chat: ChatScreen, error: Exception) -> None:
    """A bug ended the reply in its thread: show it in the place of the reply."""
    from rpterm.chat.events import ReplyFailed

    teller = _Teller(chat, lambda: False)
    teller.tell_event(ReplyFailed(user_message(error), traceback_text(error)))
    teller.tell_end()


def _start(session: Session, request: ScreenRequest) -> events.SessionEvents:
    if request.duel:
        from rpterm.dueling import chat_duel, contender

        return chat_duel.duel(session, request, contender.parse("B", session.settings.duel.b))
    if request.compare_examples and request.turn_id is not None:
        from rpterm.chat.example_comparison import replies_with_and_without

        return replies_with_and_without(session, request.turn_id)
    return session.reply(request)


class _Teller:
    """Tells the screen the events of a reply; text that grows is collected for ``FRAME_S``."""

    def __init__(self, chat: ChatScreen, stopped: Callable[[], bool]) -> None:
        self._chat, self._stopped = chat, stopped
        self._texts: dict[int, str] = {}
        self._tokens: dict[int, int] = {}
        self._grown_at = self._passing_at = 0.0

    def tell(
        self,
        show: Callable[[], Shown],
        covers: Iterable[object] = (),
        event: events.SessionEvent | None = None,
    ) -> None:
        if not self._stopped():
            self._chat.state.heard_at = time.monotonic()
            self._chat.post_message(Told(show, covers, event))

    def tell_event(self, event: events.SessionEvent, covers: Iterable[object] = ()) -> None:
        self.tell(lambda: reply_events.handle(self._chat, event), covers, event)

    def tell_end(self) -> None:
        self.tell(partial(reply_events.reply_ended, self._chat))
        self.tell(partial(other_terminals.reply_ended, self._chat))

    def tell_all(self, stream: Iterator[events.SessionEvent]) -> None:
        from rpterm.chat import events

        try:
            for event in stream:
                if self._stopped():
                    return
                if isinstance(event, events.ReplyDelta):
                    self._grow(event)
                    continue
                self._flush()
                covers = _covered(event)
                if covers:
                    if time.monotonic() - self._passing_at < FRAME_S:
                        continue
                    self._passing_at = time.monotonic()
                self.tell_event(event, covers)
        finally:
            self._flush()  # Also the text that came before an error.

    def _grow(self, event: events.ReplyDelta) -> None:
        self._texts[event.index] = event.text
        self._tokens[event.index] = event.tokens
        if time.monotonic() - self._grown_at >= FRAME_S:
            self._flush()

    def _flush(self) -> None:
        if self._texts:
            show = partial(reply_events.show_growth, self._chat, self._texts, self._tokens)
            self.tell(show, self._texts)
            self._texts, self._tokens = {}, {}
            self._grown_at = time.monotonic()


def _covered(event: events.SessionEvent) -> tuple[str, ...]:
    """A name for what the next event of its kind tells, too, so that this one can be left out."""
    from rpterm.chat import events

    match event:
        case events.PromptEvaluated(done, total) if done < total:
            return ("prompt",)
        case events.ReplyThought(index):
            return (f"thought {index}",)
        case _:
            return ()
