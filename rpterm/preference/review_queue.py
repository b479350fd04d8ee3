"""The review queue: which replies are worth rating or rating again, in which order. No UI.

A reply is doubtful if its stars or thumb contradict its live score. Two replies are doubtful, as a
pair with swapped sides, if their duel was a tie or ended differently when it was repeated, until
they are reviewed. Unrated replies keep the order of their chat, so that the rater can read on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rpterm.preference.rating import Mark, Rater
from rpterm.store import Store
from rpterm.store.judgement_records import Comparison
from rpterm.store.reply_queries import CompleteReply, complete_replies

Kind = Literal["unrated", "doubtful", "flagged", "rated", "all"]
KINDS: tuple[Kind, ...] = ("unrated", "doubtful", "flagged", "rated", "all")
LOW, HIGH = 0.35, 0.65
"""A live score below or above these is clear enough for a rating to contradict it."""

REVIEWED = "review"
"""The method of judgements from a review; a close duel with such a judgement is settled."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which replies to show; "" means any character, model or source."""

    kind: Kind = "unrated"
    card: str = ""
    model: str = ""
    source: str = ""

    @property
    def text(self) -> str:
        """A label such as ``unrated · Sherlock Holmes``."""
        return " · ".join(part for part in (self.kind, self.card, self.model, self.source) if part)


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One entry of the queue: a reply, or two to compare.

    Attributes:
        rival: If two are compared, the one to show on the right.
        judged: Whether it was rated or judged in a duel.
        doubt: Why it is doubtful, in a few words, or "".
        weight: How doubtful it is, for sorting.
    """

    reply: CompleteReply
    mark: Mark
    judged: bool = False
    doubt: str = ""
    weight: float = 0.0
    rival: CompleteReply | None = None


class ReviewQueue:
    """The review queue of one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.rater = Rater(store, method=REVIEWED)
        self._items: list[QueueItem] = []

    def read(self) -> None:
        """Reload the queue from the store."""
        replies = complete_replies(self.store)
        marks: dict[int, Mark] = {}
        for chat in {each.chat_id for each in replies}.intersection(self.rater.judgements.chats()):
            marks |= self.rater.marks(chat)
        duels = [each for each in self.rater.judgements.comparisons() if each.kind == "duel"]
        dueled = {turn for each in duels for turn in each.turns}
        self._items = [_item(each, marks.get(each.turn_id, Mark()), dueled) for each in replies]
        self._items += _close_duels(duels, {each.turn_id: each for each in replies})

    def choices(self) -> dict[str, list[str]]:
        """All characters, models and sources in the queue, by the filter's attribute."""
        replies = [item.reply for item in self._items]
        return {
            "card": sorted({each.card for each in replies}),
            "model": sorted({each.model for each in replies if each.model}),
            "source": sorted({each.origin.value for each in replies}),
        }

    def queue(self, wanted: Filter) -> list[QueueItem]:
        """The items that match the filter; the most doubtful first if it selects doubtful ones."""
        found = [item for item in self._items if _matches(item, wanted)]
        if wanted.kind == "doubtful":
            found.sort(key=lambda item: -item.weight)
        return found


def _close_duels(
    duels: Sequence[Comparison], known: Mapping[int, CompleteReply]
) -> Iterator[QueueItem]:
    """Duels that were a tie or ended differently when repeated, and were not reviewed since.

    The sides are swapped; a duel of which a reply is not among the ``known`` ones is left out.
    """
    pairs: dict[frozenset[int], list[Comparison]] = defaultdict(list)
    for each in duels:
        pairs[frozenset(each.turns)].append(each)
    for repeated in pairs.values():
        outcomes = {each.winner for each in repeated}
        why = "a tie in a duel" if "tie" in outcomes else ""
        if len(outcomes) > 1:
            why = "the duel ended differently when repeated"
        if why and all(each.how.method != REVIEWED for each in repeated):
            left, right = (known.get(turn) for turn in reversed(repeated[-1].turns))
            if left is not None and right is not None:
                yield QueueItem(left, Mark(), True, why, 1.0, right)


def _item(reply: CompleteReply, mark: Mark, dueled: Collection[int]) -> QueueItem:
    gap, why = _gap(reply.score, mark)
    judged = mark.rated or reply.turn_id in dueled
    return QueueItem(reply, mark, judged, why, 1.0 + gap if why else 0.0)


def _gap(score: float | None, mark: Mark) -> tuple[float, str]:
    """How far score and rating are apart, and a sentence, if they contradict each other."""
    if score is None or not mark.rated:
        return 0.0, ""
    rated = (mark.stars - 1) / 4 if mark.stars is not None else float(bool(mark.thumb))
    opposite = (rated >= 0.75 and score < LOW) or (rated <= 0.25 and score > HIGH)
    if not opposite:
        return 0.0, ""
    return abs(rated - score), f"the live score is {score:.0%}, but your rating says the opposite"


def _matches(item: QueueItem, wanted: Filter) -> bool:
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
