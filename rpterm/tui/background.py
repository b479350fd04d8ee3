"""Blocking work that runs in threads: open a chat, load its model, reply, settle, preview.

Each function is run in a ``WorkerThread`` and reports through ``post``, which may be called from
any thread. Deltas are batched to at most 20 messages a second. Nothing here touches a widget.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from textual.message import Message

from rpterm.errors import RptermError
from rpterm.tui import messages

if TYPE_CHECKING:
    from rpterm.chat import events
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.state import ScreenRequest

Post = Callable[[Message], object]
Opener = Callable[[str | None, int | None], "Session"]

FRAME_S = 1 / 20
"""Shortest time between two messages about the same growing reply."""

SETTLE_S = 60.0
"""Longest wait for the engine to settle."""

WINDOW = 40
"""Turns loaded when a chat opens, and added each time the user scrolls past the first one."""


def open_chat(opener: Opener, target: str | None, chat_id: int | None, post: Post) -> None:
    """Open a chat and report its last turns."""
    try:
        session = opener(target, chat_id)
        chat, turns = session.chat, session.path(WINDOW)
    except RptermError as error:
        post(messages.OpeningFailed(str(error)))
        return
    if session.distiller is not None:
        session.distiller.listeners.append(lambda _stored: post(messages.MemoryChanged()))
    if session.memory is not None:
        session.memory.listeners.append(lambda _done, _total: post(messages.MemoryChanged()))
    post(messages.SessionOpened(session, chat, turns))


def keep_draft(session: Session, text: str) -> None:
    """Store the unsent draft for the next time this chat is opened; "" clears it."""
    from rpterm.store import drafts

    with suppress(RptermError):
        drafts.save(session.store, session.chat_id, text)


def load_model(session: Session, post: Post) -> None:
    """Load the model of a session and report the progress."""
    last = -1.0

    def report_progress(share: float) -> None:
        nonlocal last
        if share - last >= 0.01 or share >= 1:
            last = share
            post(messages.ModelProgressed(share))

    try:
        info = session.load(report_progress)
    except RptermError as error:
        post(messages.ModelFailed(str(error), getattr(error, "log_tail", "")))
        return
    post(messages.ModelLoaded(info))


def reply(
    session: Session, request: ScreenRequest, post: Post, stopped: Callable[[], bool]
) -> None:
    """Generate a reply and report its events."""
    from rpterm.chat import events

    try:
        with closing(_start(session, request)) as stream:
            _report(stream, post, stopped)
    except RptermError as error:
        post(
            messages.SessionReported(events.ReplyFailed(str(error), getattr(error, "log_tail", "")))
        )
    post(messages.ReplyEnded())


def _start(session: Session, request: ScreenRequest) -> events.SessionEvents:
    if request.duel:
        return _duel(session, request)
    if request.compare_examples and request.turn_id is not None:
        from rpterm.chat.example_comparison import replies_with_and_without

        return replies_with_and_without(session, request.turn_id)
    return session.reply(request)


def _duel(session: Session, request: ScreenRequest) -> events.SessionEvents:
    from rpterm.dueling import chat_duel, contender

    return chat_duel.duel(session, request, contender.parse("B", session.settings.duel.b))


def settle_cache(session: Session, post: Post) -> None:
    """Wait until the engine has settled: until it can take the next message at the least cost.

    A new message ends the wait, as does the death of the model's process.
    """
    session.engine.settled(SETTLE_S)
    post(messages.ReplySettled())


def preview(session: Session, draft: str, post: Post) -> None:
    """Build the prompt for a draft, and let the engine evaluate it ahead."""
    from rpterm.chat.draft_ahead import evaluate_draft

    try:
        post(messages.PromptPreviewed(evaluate_draft(session, draft)))
    except RptermError as error:
        post(messages.PromptPreviewed(None, str(error)))


class _Batch:
    """Collects growing texts and posts them at most once every ``FRAME_S``."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._texts: dict[int, str] = {}
        self._tokens: dict[int, int] = {}
        self._posted_at = 0.0

    def add(self, event: events.ReplyDelta) -> None:
        self._texts[event.index] = event.text
        self._tokens[event.index] = event.tokens
        if time.monotonic() - self._posted_at >= FRAME_S:
            self.flush()

    def flush(self) -> None:
        if self._texts:
            self._post(messages.ReplyGrown(self._texts, self._tokens))
            self._texts, self._tokens = {}, {}
            self._posted_at = time.monotonic()


def _report(stream: Iterator[events.SessionEvent], post: Post, stopped: Callable[[], bool]) -> None:
    from rpterm.chat import events

    batch = _Batch(post)
    posted_at = 0.0
    try:
        for event in stream:
            if stopped():
                return
            if isinstance(event, events.ReplyDelta):
                batch.add(event)
                continue
            batch.flush()
            if _is_superseded_by_next(event):
                if time.monotonic() - posted_at < FRAME_S:
                    continue
                posted_at = time.monotonic()
            post(messages.SessionReported(event))
    finally:
        batch.flush()  # Also the text that came before an error.


def _is_superseded_by_next(event: events.SessionEvent) -> bool:
    """Whether the next event of its kind will contain everything that this one does."""
    from rpterm.chat import events

    is_unfinished = isinstance(event, events.PromptEvaluated) and event.done < event.total
    return is_unfinished or isinstance(event, events.ReplyThought)
