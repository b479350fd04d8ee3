"""Which replies are worth looking at again, and in which order. Knows no UI.

Doubtful is a reply whose stars or thumb say the opposite of its live score, or that tied in a duel,
or that lost when the same duel was asked again. Unrated ones keep the order of their chat, so that
one reads on instead of beginning anew with each.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rpterm.preference.rating import Mark, Rater
from rpterm.store import Store
from rpterm.store.judgements import Comparison, Verdict
from rpterm.store.reviews import Written, written

Kind = Literal["unrated", "doubtful", "flagged", "rated", "all"]
KINDS: tuple[Kind, ...] = ("unrated", "doubtful", "flagged", "rated", "all")
LOW, HIGH = 0.35, 0.65
"""Below and above, a live score says something that a rating can contradict."""

_SWAPPED: Mapping[Verdict, Verdict] = {"left": "right", "right": "left"}


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show; "" is everybody, every model, every source."""

    kind: Kind = "unrated"
    card: str = ""
    model: str = ""
    source: str = ""

    @property
    def text(self) -> str:
        """For people: ``unrated · Sherlock Holmes``."""
        return " · ".join(part for part in (self.kind, self.card, self.model, self.source) if part)


@dataclass(frozen=True, slots=True)
class Item:
    """One reply of the queue.

    Attributes:
        judged: Whether it was rated, or judged in a duel.
        doubt: Why it is doubtful, in a few words, or "".
        weight: How doubtful, for the order.
    """

    reply: Written
    mark: Mark
    judged: bool = False
    doubt: str = ""
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Choices:
    """What a filter can be set to."""

    cards: tuple[str, ...]
    models: tuple[str, ...]
    sources: tuple[str, ...]


class Review:
    """The queue of one store for one rater."""

    def __init__(self, store: Store, rater: Rater | None = None) -> None:
        self.store = store
        self.rater = rater or Rater(store, method="review")
        self._items: list[Item] = []

    def read(self) -> None:
        """Look at the store again."""
        replies = written(self.store)
        marks: dict[int, Mark] = {}
        for chat in {each.chat_id for each in replies}.intersection(self.rater.judgements.chats()):
            marks |= self.rater.marks(chat)
        duels = [each for each in self.rater.judgements.comparisons() if each.kind == "duel"]
        dueled = {turn for each in duels for turn in (each.left_id, each.right_id)}
        close = close_duels(duels)
        self._items = [
            _item(each, marks.get(each.turn_id, Mark()), close, dueled) for each in replies
        ]

    def choices(self) -> Choices:
        """All characters, models and sources there are."""
        replies = [item.reply for item in self._items]
        return Choices(
            tuple(sorted({each.card for each in replies})),
            tuple(sorted({each.model for each in replies if each.model})),
            tuple(sorted({each.origin.value for each in replies})),
        )

    def queue(self, wanted: Filter) -> list[Item]:
        """What the filter lets through; the most doubtful first where doubt is asked for."""
        found = [item for item in self._items if _fits(item, wanted)]
        if wanted.kind == "doubtful":
            found.sort(key=lambda item: -item.weight)
        return found


def close_duels(duels: Sequence[Comparison]) -> dict[int, str]:
    """Replies whose duel was close, and how."""
    by_number = {each.id: each for each in duels}
    found: dict[int, str] = {}
    for each in duels:
        why = "a tie in a duel" if each.verdict == "tie" else ""
        before = by_number.get(each.asked_again or 0)
        if before is not None and _SWAPPED.get(each.verdict, each.verdict) != before.verdict:
            why = "asked again, the duel went otherwise"
        if why:
            found |= {each.left_id: why, each.right_id: why}
    return found


def _item(reply: Written, mark: Mark, close: Mapping[int, str], dueled: Collection[int]) -> Item:
    gap, why = _gap(reply.score, mark)
    judged = mark.rated or reply.turn_id in dueled
    if not why and (why := close.get(reply.turn_id, "")):
        gap = 0.0
    return Item(reply, mark, judged, why, 1.0 + gap if why else 0.0)


def _gap(score: float | None, mark: Mark) -> tuple[float, str]:
    """How far score and rating are apart, where they say the opposite."""
    if score is None or not mark.rated:
        return 0.0, ""
    rated = (mark.stars - 1) / 4 if mark.stars is not None else float(bool(mark.thumb))
    opposite = (rated >= 0.75 and score < LOW) or (rated <= 0.25 and score > HIGH)
    if not opposite:
        return 0.0, ""
    return abs(rated - score), f"the live score is {score:.0%}, your rating says otherwise"


def _fits(item: Item, wanted: Filter) -> bool:
    reply = item.reply
    kinds = {
        "unrated": not item.judged,
        "doubtful": item.weight > 0,
        "flagged": item.mark.flags > 0,
        "rated": item.mark.rated,
        "all": True,
    }
    return (
        kinds[wanted.kind]
        and wanted.card in ("", reply.card)
        and wanted.model in ("", reply.model)
        and wanted.source in ("", reply.origin.value)
    )
