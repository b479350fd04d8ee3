"""A duel inside a chat: two replies to the same prompt, by way of ``Session.reply``.

Sides that differ only in their seed are decoded in parallel and may be watched. If samplers or
models differ, or the engine decodes one reply at a time, they are generated one after the other and
shown only when both are complete: the order of their arrival would give them away.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from rpterm.chat.events import (
    PromptEvaluated,
    ReplyCancelled,
    ReplyFailed,
    ReplyFinished,
    ReplyStarted,
    ReplyThought,
    SessionEvent,
    SessionEvents,
    UserTurnStored,
)
from rpterm.chat.reply import EMPTY_REPLY
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.dueling.contender import Contender
from rpterm.errors import RptermError
from rpterm.types import Intent

if TYPE_CHECKING:
    from rpterm.memory.character_memory import CharacterMemory


def duel(session: Session, request: ReplyRequest, rival: Contender) -> SessionEvents:
    """Generate two replies: index 0 with the current settings, index 1 with the rival's.

    Raises:
        RptermError: The rival's model cannot be loaded here.
    """
    info = session.engine.info
    can_run_in_parallel = not rival.spec and (info is None or info.sequences > 1)
    if can_run_in_parallel:
        yield from _in_parallel(session, replace(request, candidates=2))
        return
    session.opponent = opponent(session, rival)
    try:
        yield from _in_sequence(session, session.opponent, request, rival)
    finally:
        session.opponent = None


def opponent(session: Session, rival: Contender) -> Session:
    """A session of the same chat with the rival's model, or ``session`` if only samplers differ.

    Both read the same prompt as far as their tokenizers agree, so the rival reads the same memory
    but never writes to it.

    Raises:
        RptermError: No second model can be loaded here, or the rival's cannot.
    """
    if rival.weights == (None, None):
        return session
    if session.open_other_engine is None:
        raise RptermError(f"No second model can be loaded here for {rival.label}.")
    settings = rival.settings(session.settings)
    memory = (
        None if session.memory is None else cast("CharacterMemory", _ReadOnlyMemory(session.memory))
    )
    return Session(
        session.store, session.open_other_engine(settings), session.card, session.chat, settings,
        memory=memory, examples=session.examples,
    )  # fmt: skip


def _in_parallel(session: Session, request: ReplyRequest) -> SessionEvents:
    ends: list[SessionEvent] = []
    for event in session.reply(request):
        if isinstance(event, ReplyFinished | ReplyCancelled | ReplyFailed):
            ends.append(event)
        yield event
    if len(ends) == 1 and isinstance(ends[0], ReplyFinished):
        yield ReplyFailed(EMPTY_REPLY)  # A duel needs two replies.


def _in_sequence(
    session: Session, other: Session, request: ReplyRequest, rival: Contender
) -> SessionEvents:
    started: list[ReplyStarted] = []
    ends: list[ReplyFinished | ReplyCancelled] = []
    for side in (session, other):
        side_request = replace(request, candidates=1, best=False)
        if ends:
            side_request = ReplyRequest(
                Intent.REGENERATE, turn_id=ends[0].turn.id, sampling=rival.sampling,
                hint=request.hint, best=False,
            )  # fmt: skip
        before = len(ends)
        for event in side.reply(side_request):
            match event:
                case ReplyStarted():
                    started.append(event)
                case ReplyFinished() | ReplyCancelled():
                    ends.append(event)
                case UserTurnStored() | PromptEvaluated() | ReplyThought() | ReplyFailed():
                    yield event
        if len(ends) == before or isinstance(ends[-1], ReplyCancelled):
            return
    session.select(ends[0].turn.id)
    yield ReplyStarted(tuple(each.turn for each in ends), started[0].prompt)
    for index, end in enumerate(ends):
        yield replace(end, index=index)


class _ReadOnlyMemory:
    """Recalls from a memory whose owner starts, writes and closes it."""

    def __init__(self, memory: CharacterMemory) -> None:
        self.recall = memory.recall

    def start(self) -> None:
        """Do nothing: the owner has started it."""

    def remember(self, turn_id: int) -> None:
        """Do nothing: the owner remembers the chosen reply."""

    def close(self) -> None:
        """Do nothing: the owner closes it."""
