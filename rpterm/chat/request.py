"""A request for one reply, as a front end hands it to a ``Session``.

Kept quick to import: the terminal program needs it for its first frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rpterm.errors import RptermError
from rpterm.types import Intent


class SessionError(RptermError):
    """The request makes no sense in this chat; the message says why."""


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """A request for one reply, for several candidates, or for a draft of the user's next line.

    Attributes:
        intent: Send the text and reply; regenerate ``turn_id`` as a new swipe; continue
            ``turn_id``; write the user's next line (impersonate); or let the next character speak.
        text: The user's message (``SEND``), or the beginning of the draft (``IMPERSONATE``).
        turn_id: The reply to regenerate or continue; ``None`` is the last one shown.
        candidates: How many replies to decode at once.
        hint: One extra instruction for this reply only, in the volatile block.
        seeds: One candidate for each seed, whatever ``candidates`` says; () draws seeds.
        examples: False leaves all example dialogues out of the prompt.
        shown: False leaves the shown branch unchanged: the reply becomes a swipe next to it.
        sampling: Samplers for this reply only: names of ``Sampling`` fields → values.
        speaker: Which of several characters speaks; "" is the author of the reply that is
            regenerated or continued, or else the character whose turn it is.
        after: The last turn on the user's screen; the message follows it, even if another program
            has continued it since. ``None`` is the last turn of the shown branch.
        best: True keeps the best-scored of several candidates. ``None`` does not, except that the
            setting ``scoring.best_of`` turns a plain request into a best-of-n request.
    """

    intent: Intent = Intent.SEND
    text: str = ""
    turn_id: int | None = None
    candidates: int = 1
    hint: str = ""
    seeds: tuple[int, ...] = ()
    examples: bool = True
    shown: bool = True
    sampling: Mapping[str, Any] = field(default_factory=dict)
    speaker: str = ""
    after: int | None = None
    best: bool | None = None
