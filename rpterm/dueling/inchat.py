"""A duel inside a chat: two replies to the same prompt through the one reply path.

Sides that differ by their seed alone are decoded together and may be watched. Where samplers
differ, or the engine decodes one reply at a time, they are made one after the other, and nothing
of them is told before both are whole: which came first would give them away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rpterm.dueling.contender import Contender
from rpterm.events import (
    PromptEvaluated,
    ReplyCancelled,
    ReplyFailed,
    ReplyFinished,
    ReplyStarted,
    SessionEvent,
    UserTurnStored,
)
from rpterm.session import ReplyRequest, Session
from rpterm.types import Intent


def duel(session: Session, request: ReplyRequest, rival: Contender) -> Iterator[SessionEvent]:
    """Make two replies and tell what happens; index 0 is as set, index 1 the rival's."""
    info = session.engine.info
    together = not rival.sampling and (info is None or info.sequences > 1)
    if together:
        yield from session.reply(replace(request, candidates=2))
        return
    yield from _one_after_the_other(session, request, rival)


def _one_after_the_other(
    session: Session, request: ReplyRequest, rival: Contender
) -> Iterator[SessionEvent]:
    started: list[ReplyStarted] = []
    ends: list[ReplyFinished | ReplyCancelled] = []
    requests = [
        replace(request, candidates=1),
        ReplyRequest(Intent.REGENERATE, sampling=rival.sampling, hint=request.hint),
    ]
    for each in requests:
        if ends:
            each = replace(each, turn_id=ends[0].turn.id)
        for event in session.reply(each):
            match event:
                case ReplyStarted():
                    started.append(event)
                case ReplyFinished() | ReplyCancelled():
                    ends.append(event)
                case UserTurnStored() | PromptEvaluated() | ReplyFailed():
                    yield event
        if len(ends) < len(started) or not ends or isinstance(ends[-1], ReplyCancelled):
            return
    session.select(ends[0].turn.id)
    yield ReplyStarted(tuple(each.turn for each in ends), started[0].prompt)
    for index, end in enumerate(ends):
        yield replace(end, index=index)
