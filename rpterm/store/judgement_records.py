"""The records of judgements: ratings of one reply, and comparisons of two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

RatingKind = Literal["thumb", "stars", "flag"]
ComparisonKind = Literal["duel", "edit", "swipe"]
Verdict = Literal["left", "right", "tie", "both_bad"]

ME = "me"
"""The default rater: the user of this machine."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The circumstances of a judgement.

    Attributes:
        rater: Who judged.
        seconds: Time from seeing the reply to judging it, if measured.
        position: Where the reply was shown: ``swipe 2 of 3``, ``left``, ….
        method: How it was entered: ``key``, ``review``, ``duel``, ``import``, ….
        score: The reply's live consistency score at that time, 0 to 1, whether or not it was
            visible. Comparisons have none.
    """

    rater: str = ME
    seconds: float | None = None
    position: str = ""
    method: str = "key"
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """A judgement of one reply; ``value`` is 0 or 1 for a thumb, 1 to 5 for stars, 0 for a flag."""

    id: int
    chat_id: int
    turn_id: int
    kind: RatingKind
    value: int
    how: Circumstances
    created_at: float
    dimensions: Mapping[str, int] = field(default_factory=dict)
    span: tuple[int, int] | None = None
    reason: str = ""

    @property
    def turns(self) -> tuple[int, ...]:
        """The id of the judged reply."""
        return (self.turn_id,)

    @property
    def good(self) -> bool | None:
        """A thumb up, 4 and 5 stars are good; a thumb down, 1 and 2 are bad; 3 is neither."""
        if self.kind == "thumb":
            return bool(self.value)
        return None if self.kind == "flag" or self.value == 3 else self.value > 3


@dataclass(frozen=True, slots=True)
class Comparison:
    """A judgement of two replies to the same prompt.

    ``asked_again`` is the id of the comparison that this one repeats with swapped sides, if any.
    """

    id: int
    chat_id: int
    left_id: int
    right_id: int
    kind: ComparisonKind
    verdict: Verdict
    how: Circumstances
    created_at: float
    dimensions: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""
    asked_again: int | None = None

    @property
    def turns(self) -> tuple[int, int]:
        """The ids of both replies."""
        return self.left_id, self.right_id

    @property
    def winner(self) -> int | Verdict:
        """The id of the reply that won, or the verdict if none did."""
        return {"left": self.left_id, "right": self.right_id}.get(self.verdict, self.verdict)


@dataclass(frozen=True, slots=True)
class ReplyOrigin:
    """A summary of a reply's provenance; ``prompt`` is a digest of the exact prompt."""

    model: str
    model_hash: str
    adapter_hash: str
    template_hash: str
    seed: int | None
    temperature: float | None
    prompt: str
