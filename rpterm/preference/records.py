"""The one intermediate record between the tree of turns and every format.

A record holds one exact prompt as messages and one or two replies to it. Formats only reshape
records; they never look at turns. Pure data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from rpterm.types import Role

Messages = tuple[tuple[Role, str], ...]
"""(role, content) pairs, contents stripped."""

Kind = Literal["pair", "tie", "both_bad", "label", "demo", "flag"]


class Source(StrEnum):
    """Which kind of judgement a record comes from."""

    DUEL = "duel"
    EDIT = "edit"
    STARS = "stars"
    THUMBS = "thumbs"
    SWIPE = "swipe_kept"
    FLAG = "flag"


DEFAULT_SOURCES = (Source.DUEL, Source.EDIT, Source.STARS, Source.THUMBS, Source.FLAG)
"""A swipe kept is a weak signal: often it is only the last one tried."""

STRENGTH = {
    Source.DUEL: 4, Source.STARS: 3, Source.THUMBS: 2, Source.EDIT: 1, Source.SWIPE: 0,
    Source.FLAG: 0,
}  # fmt: skip
"""When sources disagree about two replies, the stronger one is believed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply and what made it; ``score`` is stars, or 1 and 0 of a thumb, where given."""

    text: str
    turn: int
    origin: str = ""
    model: str = ""
    model_hash: str = ""
    adapter_hash: str = ""
    template_hash: str = ""
    seed: int | None = None
    temperature: float | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Meta:
    """Where a record comes from.

    Attributes:
        judgements: Numbers of the judgements behind it.
        side: Where the chosen reply of a duel stood: ``left`` or ``right``.
        edit: Characters between the first and the last that differ, for edits.
    """

    source: Source
    judgements: tuple[int, ...]
    chat: int
    card: str
    card_hash: str
    rater: str = ""
    method: str = ""
    position: str = ""
    seconds: float | None = None
    created_at: float = 0.0
    dimensions: tuple[tuple[str, int], ...] = ()
    reason: str = ""
    span: tuple[int, int] | None = None
    edit: int | None = None
    live_score: float | None = None
    side: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One judgement, ready for any format.

    Attributes:
        kind: ``pair`` (reply chosen, other rejected), ``tie``, ``both_bad``, ``label`` (the
            reply is good, bad, or ``None``: in between), ``demo`` (a reply to imitate) or ``flag``.
        prompt: The one prompt of both replies.
    """

    kind: Kind
    prompt: Messages
    reply: Reply
    meta: Meta
    other: Reply | None = None
    label: bool | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """A judgement, or what was made of it, that is not in the export, and why."""

    judgement: int
    chat: int
    why: str


@dataclass(slots=True)
class Harvest:
    """What one chat yields."""

    records: list[Record] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
