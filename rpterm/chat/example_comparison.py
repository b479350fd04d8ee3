"""Compares a reply with example dialogues in the prompt to one without.

``Session.reply`` generates both, one after the other and with one seed. Neither is shown on the
branch: both are stored as swipes, which the user may choose or ignore. Knows no front end.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from rpterm.chat.events import (
    PromptEvaluated,
    ReplyCancelled,
    ReplyDelta,
    ReplyFailed,
    ReplyFinished,
    ReplyStarted,
    ReplyThought,
    SessionEvents,
)
from rpterm.chat.placement import find_placement
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.types import Intent, Status

WITH, WITHOUT = 0, 1
"""The candidate index of the reply with examples, and of the one without."""


def uses_examples(session: Session, turn_id: int) -> bool:
    """Whether the prompt of this reply has any example, so that leaving them out changes it.

    Raises:
        RptermError: The prompt cannot be built, for instance because the model is still loading.
    """
    request = ReplyRequest(Intent.REGENERATE, turn_id=turn_id)
    job, scene = find_placement(session, request, group=session.scene.group), session.scene
    prompt = scene.build_prompt(scene.actor_of(session.store.turn(turn_id)), job.history)
    return any(span.source.startswith("example:") for span in prompt.spans)


def replies_with_and_without(session: Session, turn_id: int) -> SessionEvents:
    """Generate both replies as swipes of ``turn_id`` and yield what happens.

    ``ReplyStarted`` announces both turns at once. The second is not stored yet and has id 0 there;
    its ``ReplyFinished`` has the real id.
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
                        second = replace(first, id=0, text="", status=Status.STREAMING)
                        yield ReplyStarted((first, second), event.prompt)
                case ReplyThought() | ReplyDelta() | ReplyFinished() | ReplyCancelled():
                    yield replace(event, index=index)
                    if isinstance(event, ReplyCancelled):
                        return
                case ReplyFailed():
                    yield event
                    return
                case PromptEvaluated():
                    yield event
