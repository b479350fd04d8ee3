"""What a judgement is: of one reply, or of two to the same prompt, and how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

RatingKind = Literal["thumb", "stars", "flag"]
ComparisonKind = Literal["duel", "edit", "swipe"]
Verdict = Literal["left", "right", "tie", "both_bad"]

ME = "me"
"""The rater where nobody said otherwise: the user of this machine."""


@dataclass(frozen=True, slots=True)
class How:
    """The circumstances of a judgement.

    Attributes:
        rater: Who judged.
        seconds: Time taken from seeing to judging, where it was measured.
        position: Where the reply stood: ``swipe 2 of 3``, ``left``, ….
        method: By which means: ``key``, ``review``, ``duel``, ``import``, ….
        score: The live consistency score that the reply had by then, 0 to 1, whether or not it was
            in view. Comparisons keep none.
    """

    rater: str = ME
    seconds: float | None = None
    position: str = ""
    method: str = "key"
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """A judgement of one reply; ``value`` is 0 or 1 of a thumb, 1 to 5 of stars, 0 of a flag."""

    id: int
    chat_id: int
    turn_id: int
    kind: RatingKind
    value: int
    how: How
    created_at: float
    dimensions: Mapping[str, int] = field(default_factory=dict)
    span: tuple[int, int] | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A judgement of two replies to the same prompt.

    ``asked_again`` is the comparison that this one repeats with the sides swapped, or ``None``.
    """

    id: int
    chat_id: int
    left_id: int
    right_id: int
    kind: ComparisonKind
    verdict: Verdict
    how: How
    created_at: float
    dimensions: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""
    asked_again: int | None = None


@dataclass(frozen=True, slots=True)
class ReplyOrigin:
    """What made a reply, in short; ``prompt`` is a digest of the exact prompt tokens (or text)."""

    model: str
    model_hash: str
    adapter_hash: str
    template_hash: str
    seed: int | None
    temperature: float | None
    prompt: str
