"""The parts of a chat log as an import reads them."""

from __future__ import annotations

from dataclasses import dataclass, field

from rpterm.cards.variables import Variables
from rpterm.types import AuthorNote


@dataclass(frozen=True, slots=True)
class LogRating:
    """A rating of one swipe: a thumb or stars, never both."""

    thumb: bool | None = None
    stars: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LogMessage:
    """One message.

    Attributes:
        swipes: All its versions; never empty.
        shown: Index of the swipe that is shown.
        at: Unix seconds, or ``None`` if the log does not say.
        marks: The rating of each swipe; empty if none has one.
        hidden: Whether it is hidden from the model.
        thoughts: The reasoning before each swipe; empty if none has any.
    """

    speaker: str
    is_user: bool
    swipes: tuple[str, ...]
    shown: int = 0
    at: float | None = None
    marks: tuple[LogRating | None, ...] = ()
    hidden: bool = False
    thoughts: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.swipes[self.shown]


@dataclass(frozen=True, slots=True)
class ChatLog:
    """A complete log.

    Attributes:
        at: When the chat was created, Unix seconds, or ``None``.
        notes: What was corrected or left out.
        world: Name of the lorebook of this chat, or "".
        variables: The chat's variables after the last message, by name.
    """

    user: str = "User"
    character: str = ""
    turns: tuple[LogMessage, ...] = ()
    note: AuthorNote = field(default_factory=AuthorNote)
    at: float | None = None
    notes: tuple[str, ...] = ()
    world: str = ""
    variables: Variables = field(default_factory=dict)
