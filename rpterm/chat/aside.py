"""The same turn with and without example dialogues, beside each other.

Two replies with one seed, made one after the other through the one reply path. Neither is shown in
the branch; both are stored, as swipes that the user may choose or leave. It knows no front end.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace

from rpterm.chat.events import (
    PromptEvaluated,
    ReplyCancelled,
    ReplyDelta,
    ReplyFailed,
    ReplyFinished,
    ReplyStarted,
    ReplyThought,
    SessionEvent,
)
from rpterm.chat.placing import place
from rpterm.chat.session import ReplyRequest, Session
from rpterm.types import Intent, Status

WITH, WITHOUT = 0, 1
"""Index of the reply with examples, and of the one without."""


def differ(session: Session, turn_id: int) -> bool:
    """Whether an example stands in the prompt of this reply, so that without it is another one.

    Raises:
        RptermError: The prompt cannot be built; that the model still loads is one reason.
    """
    request = ReplyRequest(Intent.REGENERATE, turn_id=turn_id)
    job, scene = place(session, request, group=session.scene.group), session.scene
    seat = scene.seat_of(session.store.turn(turn_id))
    prompt = seat.prompter.full(seat.card, session.chat, scene.view(seat, job.history))
    return any(span.source.startswith("example:") for span in prompt.spans)


def with_and_without(session: Session, turn_id: int) -> Iterator[SessionEvent]:
    """Make both replies in the place of ``turn_id`` and tell what happens.

    The second turn is told of before it is stored, with id 0; ``ReplyFinished`` has the real one.
    """
    request = ReplyRequest(
        Intent.REGENERATE, turn_id=turn_id, seeds=(secrets.randbits(31),), shown=False
    )
    for index in (WITH, WITHOUT):
        for event in session.reply(replace(request, examples=index == WITH)):
            match event:
                case ReplyStarted():
                    if index == WITH:
                        first = event.turns[0]
                        other = replace(first, id=0, text="", status=Status.STREAMING)
                        yield ReplyStarted((first, other), event.prompt)
                case ReplyThought() | ReplyDelta() | ReplyFinished() | ReplyCancelled():
                    yield replace(event, index=index)
                    if isinstance(event, ReplyCancelled):
                        return
                case ReplyFailed():
                    yield event
                    return
                case PromptEvaluated():
                    yield event
