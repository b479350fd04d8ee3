"""The events that ``Session.reply`` yields, in the order they happen; named in the past tense.

The user's turn and finished replies are stored before their event is yielded. A growing reply is
stored at its first words and then every fifth of a second (``reply.WRITE_EVERY_S``), which is the
most that a kill -9 can cost.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from rpterm.types import Generation, Prompt, Turn


@dataclass(frozen=True, slots=True)
class UserTurnStored:
    """The user's text is in the database.

    ``begins_branch`` is true if another program had already continued the same turn, so that this
    one begins a branch.
    """

    turn: Turn
    begins_branch: bool = False


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """The prompt is built; ``turns`` are the empty replies that will grow, one for each candidate.

    For an impersonation ``turns`` is empty: its text is a draft, stored when the user sends it.
    ``best`` is true if a ``BestKept`` follows, unless every candidate stays empty.
    """

    turns: tuple[Turn, ...]
    prompt: Prompt
    best: bool = False


@dataclass(frozen=True, slots=True)
class PromptEvaluated:
    """Progress of the prompt: ``done`` of ``total`` new tokens, ``reused`` from the KV cache."""

    done: int
    total: int
    reused: int


@dataclass(frozen=True, slots=True)
class ReplyThought:
    """The model is thinking before candidate ``index``; ``text`` is all of its thoughts so far."""

    index: int
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class ReplyDelta:
    """Candidate ``index`` has grown; ``text`` is all of it so far."""

    index: int
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class ReplyFinished:
    """Candidate ``index`` is complete, or ended by the length limit, and stored."""

    index: int
    turn: Turn
    generation: Generation


@dataclass(frozen=True, slots=True)
class ReplyCancelled:
    """The user stopped candidate ``index``; its text so far is stored as a partial reply."""

    index: int
    turn: Turn
    generation: Generation


@dataclass(frozen=True, slots=True)
class BestLed:
    """Candidate ``index`` now leads: of the growing candidates it is the most in character."""

    index: int


@dataclass(frozen=True, slots=True)
class BestKept:
    """All candidates have ended and are scored; the best is shown, the others are its swipes.

    Attributes:
        probabilities: For each candidate, the probability of being in character; ``None`` if it
            was not scored or is empty.
    """

    index: int
    turn: Turn
    probabilities: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class DraftFinished:
    """An impersonation ended; ``text`` is a draft for the input."""

    text: str


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """The engine failed, or every candidate is empty; ``message`` says why and what to do.

    The text so far is stored.
    """

    message: str
    log_tail: str = ""


SessionEvent = (
    UserTurnStored
    | ReplyStarted
    | PromptEvaluated
    | ReplyThought
    | ReplyDelta
    | ReplyFinished
    | ReplyCancelled
    | BestLed
    | BestKept
    | DraftFinished
    | ReplyFailed
)
SessionEvents = Generator[SessionEvent, None, None]
"""The events of one reply; ``close`` cancels the reply."""
