"""What is asked of a session. Quick to import: the terminal program has it in its first frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rpterm.types import Intent, RptermError


class SessionError(RptermError):
    """The request makes no sense in this chat; the text says why."""


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """What to make.

    Attributes:
        intent: Send the text and reply; regenerate ``turn_id`` as a new swipe; continue
            ``turn_id``; write the user's next line (impersonate); or let the next character speak.
        text: The user's words (``SEND``), or words to begin with (``IMPERSONATE``).
        turn_id: The reply meant; ``None`` is the last one shown.
        candidates: How many replies to decode at once.
        hint: One extra instruction for this reply alone, in the volatile block.
        seeds: One candidate for each, however many ``candidates`` says; () draws as usual.
        examples: False leaves all example dialogues out of the prompt.
        shown: False leaves the branch as it is: the reply becomes a swipe that is not shown.
        sampling: Samplers of this reply alone: names of ``Sampling`` fields → values.
        speaker: Who of several characters speaks; "" is whose turn it is, or whose reply it was.
        after: The turn that was on screen last: the words go under it, also where another program
            has gone on from there. ``None`` is the last one by now.
        best: Whether of several candidates the best by score is kept. ``None`` is no, but a plain
            request becomes one of that kind where the setting ``scoring.best_of`` says so.
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
