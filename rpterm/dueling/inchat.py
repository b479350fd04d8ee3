"""A duel inside a chat: two replies to the same prompt through the one reply path.

Sides that differ by their seed alone are decoded together and may be watched. Where samplers or
models differ, or the engine decodes one reply at a time, they are made one after the other, and
nothing of them is told before both are whole: which came first would give them away.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    UserTurnStored,
)
from rpterm.chat.reply import NOTHING
from rpterm.chat.session import ReplyRequest, Session
from rpterm.dueling.contender import Contender, ContenderError
from rpterm.types import Intent

if TYPE_CHECKING:
    from rpterm.memory.facade import Memory


def duel(session: Session, request: ReplyRequest, rival: Contender) -> Iterator[SessionEvent]:
    """Make two replies and tell what happens; index 0 is as set, index 1 the rival's.

    Raises:
        RptermError: The rival's model cannot be had here.
    """
    info = session.engine.info
    together = not rival.spec and (info is None or info.sequences > 1)
    if together:
        yield from _at_once(session, replace(request, candidates=2))
        return
    session.opponent = opponent(session, rival)
    try:
        yield from _one_after_the_other(session, session.opponent, request, rival)
    finally:
        session.opponent = None


def opponent(session: Session, rival: Contender) -> Session:
    """The same chat with the rival's model; the session itself where only samplers differ.

    Both read the same prompt as far as their tokenizers agree, so the rival looks into the same
    memory but never writes to it.

    Raises:
        RptermError: No other model can be loaded here, or this one cannot.
    """
    if rival.weights == (None, None):
        return session
    if session.rivals is None:
        raise ContenderError(f"No second model can be loaded here for {rival.label}.")
    settings = rival.settings(session.settings)
    memory = None if session.memory is None else cast("Memory", _Borrowed(session.memory))
    return Session(
        session.store, session.rivals(settings), session.card, session.chat, settings,
        memory=memory, examples=session.examples,
    )  # fmt: skip


def _at_once(session: Session, request: ReplyRequest) -> Iterator[SessionEvent]:
    ends: list[SessionEvent] = []
    for event in session.reply(request):
        if isinstance(event, ReplyFinished | ReplyCancelled | ReplyFailed):
            ends.append(event)
        yield event
    if len(ends) == 1 and isinstance(ends[0], ReplyFinished):
        yield ReplyFailed(NOTHING)  # One side alone is no duel.


def _one_after_the_other(
    session: Session, other: Session, request: ReplyRequest, rival: Contender
) -> Iterator[SessionEvent]:
    started: list[ReplyStarted] = []
    ends: list[ReplyFinished | ReplyCancelled] = []
    for side in (session, other):
        asked = replace(request, candidates=1, best=False)
        if ends:
            asked = ReplyRequest(
                Intent.REGENERATE, turn_id=ends[0].turn.id, sampling=rival.sampling,
                hint=request.hint, best=False,
            )  # fmt: skip
        before = len(ends)
        for event in side.reply(asked):
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


class _Borrowed:
    """A memory that is looked into while its owner goes on writing it."""

    def __init__(self, memory: Memory) -> None:
        self.recall = memory.recall

    def start(self) -> None:
        """Its owner has started it."""

    def remember(self, turn_id: int) -> None:
        """Its owner remembers what is kept."""

    def close(self) -> None:
        """Its owner closes it."""
