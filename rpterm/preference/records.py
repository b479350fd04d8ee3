"""The intermediate records between the tree of turns and the export formats.

A record holds one exact prompt as messages and one or two replies to it. Formats only reshape
records; they never see turns. Pure data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from rpterm.store.judgement_records import Circumstances
from rpterm.types import Role

Messages = tuple[tuple[Role, str], ...]
"""(role, content) pairs; the contents are stripped."""

Kind = Literal["pair", "tie", "both_bad", "label", "demo", "flag"]


class Source(StrEnum):
    """The kind of judgement a record comes from."""

    DUEL = "duel"
    EDIT = "edit"
    STARS = "stars"
    THUMBS = "thumbs"
    SWIPE = "swipe_kept"
    FLAG = "flag"


DEFAULT_SOURCES = (Source.DUEL, Source.EDIT, Source.STARS, Source.THUMBS, Source.FLAG)
"""Without kept swipes, which are a weak signal: often the kept one is only the last one tried."""

STRENGTH = {
    Source.DUEL: 4, Source.STARS: 3, Source.THUMBS: 2, Source.EDIT: 1, Source.SWIPE: 0,
    Source.FLAG: 0,
}  # fmt: skip
"""When sources disagree about two replies, the stronger one decides."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply with its provenance; ``score`` is its stars, or 1 or 0 for a thumb, if rated."""

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

    @property
    def message(self) -> dict[str, Any]:
        """The reply as a role/content object."""
        return {"role": "assistant", "content": self.text}


@dataclass(frozen=True, slots=True)
class Meta:
    """The origin of a record.

    Attributes:
        judgements: Ids of the judgements it is based on.
        side: For a duel, where the chosen reply was shown: ``left`` or ``right``.
        edit: For an edit, the number of characters between the first and last difference.
    """

    source: Source
    judgements: tuple[int, ...]
    chat: int
    card: str
    card_hash: str
    how: Circumstances = Circumstances()
    created_at: float = 0.0
    dimensions: tuple[tuple[str, int], ...] = ()
    reason: str = ""
    span: tuple[int, int] | None = None
    edit: int | None = None
    side: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One judgement, ready for any format.

    Attributes:
        kind: ``pair`` (``reply`` chosen, ``other`` rejected), ``tie``, ``both_bad``, ``label``,
            ``demo`` (a reply to imitate) or ``flag``.
        prompt: The common prompt of the replies.
        label: For the kind ``label``: good, bad, or ``None`` for neither.
    """

    kind: Kind
    prompt: Messages
    reply: Reply
    meta: Meta
    other: Reply | None = None
    label: bool | None = None

    @property
    def rejected(self) -> Reply:
        """The second of two replies."""
        assert self.other is not None
        return self.other


@dataclass(frozen=True, slots=True)
class Dropped:
    """A judgement, or a record made from it, that is not exported, and why."""

    judgement: int
    chat: int
    why: str


@dataclass(slots=True)
class ChatRecords:
    """The records of one chat, and the judgements that made none."""

    records: list[Record] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
