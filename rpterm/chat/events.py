"""What ``Session.reply`` tells its caller, in the order it happens. Past tense: it is so already.

What a user says and what is finished is stored before it is told. A growing reply is stored at its
first words and then every fifth of a second (``reply.WRITE_EVERY_S``): so much a kill -9 can cost.
"""

from __future__ import annotations

from dataclasses import dataclass

from rpterm.types import Generation, Prompt, Turn


@dataclass(frozen=True, slots=True)
class UserTurnStored:
    """The user's text is in the database.

    ``parted`` says that another program had gone on from the same turn: a branch begins here.
    """

    turn: Turn
    parted: bool = False


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """The prompt is built; ``turns`` are the empty replies that will grow, one per candidate.

    For an impersonation ``turns`` is empty: its text is a draft, stored when the user sends it.
    ``best`` says that a ``BestKept`` follows, if one of them gets a word.
    """

    turns: tuple[Turn, ...]
    prompt: Prompt
    best: bool = False


@dataclass(frozen=True, slots=True)
class PromptEvaluated:
    """Prompt evaluation went on: ``done`` of ``total`` new tokens, ``reused`` from the cache."""

    done: int
    total: int
    reused: int


@dataclass(frozen=True, slots=True)
class ReplyThought:
    """The model thinks before candidate ``index``; so far it thought ``text``, in whole."""

    index: int
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class ReplyDelta:
    """The reply of candidate ``index`` now reads ``text`` in whole."""

    index: int
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class ReplyFinished:
    """Candidate ``index`` is complete (or stopped by its length) and stored."""

    index: int
    turn: Turn
    generation: Generation


@dataclass(frozen=True, slots=True)
class ReplyCancelled:
    """The user stopped candidate ``index``; what had come is stored as partial."""

    index: int
    turn: Turn
    generation: Generation


@dataclass(frozen=True, slots=True)
class BestLed:
    """Of several growing candidates this one is most in character so far."""

    index: int


@dataclass(frozen=True, slots=True)
class BestKept:
    """All candidates are over and measured; this one is shown, the others are its swipes.

    Attributes:
        chances: Probability of being in character by candidate; ``None`` where nothing measured
            it, or it had no words.
    """

    index: int
    turn: Turn
    chances: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class DraftFinished:
    """An impersonation ended; the text belongs into the input."""

    text: str


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """The engine failed, or no candidate had a word; ``message`` says why and what to do.

    What had come is stored.
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
