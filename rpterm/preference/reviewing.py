"""Which replies are worth looking at again, and in which order. Knows no UI.

Doubtful is a reply whose stars or thumb say the opposite of its live score, and so are two replies
whose duel was a tie or went otherwise when it was asked again: those come as a pair, with the sides
swapped, until they were reviewed. Unrated ones keep the order of their chat, so that one reads on
instead of beginning anew with each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from rpterm.preference.rating import Mark, Rater
from rpterm.store import Store
from rpterm.store.judgement_records import Comparison, Verdict
from rpterm.store.reviews import Written, written

Kind = Literal["unrated", "doubtful", "flagged", "rated", "all"]
KINDS: tuple[Kind, ...] = ("unrated", "doubtful", "flagged", "rated", "all")
LOW, HIGH = 0.35, 0.65
"""Below and above, a live score says something that a rating can contradict."""

REVIEWED = "review"
"""By this means judgements come from here; a close duel that has one is settled."""


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
    """One reply of the queue, or two that are compared.

    Attributes:
        rival: The reply that stands on the right of this one, where two are compared.
        judged: Whether it was rated, or judged in a duel.
        doubt: Why it is doubtful, in a few words, or "".
        weight: How doubtful, for the order.
    """

    reply: Written
    mark: Mark
    judged: bool = False
    doubt: str = ""
    weight: float = 0.0
    rival: Written | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """Two replies whose duel was close, with the sides swapped, and how it was close."""

    left: int
    right: int
    why: str


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
        self.rater = rater or Rater(store, method=REVIEWED)
        self._items: list[Item] = []

    def read(self) -> None:
        """Look at the store again."""
        replies = written(self.store)
        marks: dict[int, Mark] = {}
        for chat in {each.chat_id for each in replies}.intersection(self.rater.judgements.chats()):
            marks |= self.rater.marks(chat)
        duels = [each for each in self.rater.judgements.comparisons() if each.kind == "duel"]
        dueled = {turn for each in duels for turn in (each.left_id, each.right_id)}
        self._items = [_item(each, marks.get(each.turn_id, Mark()), dueled) for each in replies]
        known = {each.turn_id: each for each in replies}
        self._items += [
            Item(known[each.left], Mark(), True, each.why, 1.0, known[each.right])
            for each in close_duels(duels)
            if each.left in known and each.right in known
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


def close_duels(duels: Sequence[Comparison]) -> list[Close]:
    """Duels that were a tie, or went otherwise when asked again, and were not reviewed since."""
    pairs: dict[frozenset[int], list[Comparison]] = defaultdict(list)
    for each in duels:
        pairs[frozenset((each.left_id, each.right_id))].append(each)
    found = []
    for asked in pairs.values():
        ends = {_end(each) for each in asked}
        why = "a tie in a duel" if "tie" in ends else ""
        if len(ends) > 1:
            why = "asked again, the duel went otherwise"
        if why and all(each.how.method != REVIEWED for each in asked):
            found.append(Close(asked[-1].right_id, asked[-1].left_id, why))
    return found


def _end(duel: Comparison) -> int | Verdict:
    """The reply that won, or that none did."""
    return {"left": duel.left_id, "right": duel.right_id}.get(duel.verdict, duel.verdict)


def _item(reply: Written, mark: Mark, dueled: Collection[int]) -> Item:
    gap, why = _gap(reply.score, mark)
    judged = mark.rated or reply.turn_id in dueled
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
    if item.rival is not None and wanted.kind != "doubtful":
        return False
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
