"""Records judgements of replies; every front end uses this module.

It adds what the user need not enter: how long judging took, where the reply was shown, and the live
score it had at that time, whether or not it was visible. It also records kept edits and swipes. It
knows neither the UI nor how judgements become training data.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rpterm.errors import RptermError
from rpterm.types import Origin, Status, Turn

if TYPE_CHECKING:
    from rpterm.store import Store
    from rpterm.store.judgement_records import Circumstances, Comparison, Rating, Verdict

ME = "me"
AUTOMATIC = "kept"
"""The method of judgements that are recorded automatically; ``undo`` ignores them."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One of the seven aspects that the role-play literature rates separately."""

    id: str
    key: str
    label: str
    asks: str


DIMENSIONS: tuple[Dimension, ...] = (
    Dimension("attributes", "a", "facts", "Is what it says of itself what the card says?"),
    Dimension("relations", "r", "relations", "Does it know who is who to it?"),
    Dimension("personality", "p", "personality", "Is this how it thinks and decides?"),
    Dimension("style", "s", "style", "Does it act and carry itself so?"),
    Dimension("language", "l", "language", "Are these its words, and of its time?"),
    Dimension("coherence", "c", "coherence", "Does it follow from what was said?"),
    Dimension("quality", "q", "writing", "Is it well written and fluent?"),
)
"""Persona: attributes, relations. Behaviour: personality, style, language. Conversation: the rest.
The ids are stored."""

GOOD, BAD = 5, 1
"""The stars stored when a dimension is only tagged as good or bad."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The current judgements of one reply by one rater.

    Attributes:
        won: Whether it won its last decided duel, or ``None``.
    """

    stars: int | None = None
    thumb: bool | None = None
    flags: int = 0
    dimensions: Mapping[str, int] = field(default_factory=dict)
    won: bool | None = None

    @property
    def text(self) -> str:
        """Symbols for the turn's header that differ in shape, not only in colour."""
        parts = ["★" * self.stars + "☆" * (5 - self.stars)] if self.stars else []
        parts += ["▲" if self.thumb else "▼"] if self.thumb is not None else []
        parts += [f"{len(self.dimensions)}±"] if self.dimensions else []
        parts += ["⚑" * min(self.flags, 3)] if self.flags else []
        parts += ["◆" if self.won else "◇"] if self.won is not None else []
        return " ".join(parts)

    @property
    def rated(self) -> bool:
        """Whether the reply as a whole is rated."""
        return self.stars is not None or self.thumb is not None


class Rater:
    """Records the judgements of one person in one store. Thread-safe."""

    def __init__(
        self,
        store: Store,
        *,
        method: str = "key",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``method`` says how judgements are entered; it is stored with each of them."""
        from rpterm.store.judgements import Judgements
        from rpterm.store.scores import Scores

        self.store, self.rater, self.method = store, ME, method
        self._clock = clock
        self._seen_at: dict[int, float] = {}
        self.judgements = Judgements(store)
        self._scores = Scores(store)

    def mark_seen(self, *turns: int) -> None:
        """Note that the user sees these replies from now on."""
        now = self._clock()
        for turn in turns:
            self._seen_at[turn] = now

    # One reply ---------------------------------------------------------------------------------
    def require_complete(self, turn_id: int) -> Turn:
        """The turn, if it can be judged.

        Raises:
            RptermError: The reply is still being written.
        """
        turn = self.store.turn(turn_id)
        if turn.status is Status.STREAMING:
            raise RptermError("This reply is still being written; rate it when it is complete.")
        return turn

    def thumb(self, turn_id: int, up: bool, dimensions: Mapping[str, int] | None = None) -> Rating:
        """Rate a reply as good or bad."""
        turn = self.require_complete(turn_id)
        return self.judgements.thumb(turn.id, up, dimensions=dimensions, how=self._how(turn))

    def stars(
        self, turn_id: int, n: int, dimensions: Mapping[str, int] | None = None, reason: str = ""
    ) -> Rating:
        """Rate a reply with one to five stars.

        Raises:
            StoreError: ``n`` is not between 1 and 5.
        """
        turn = self.require_complete(turn_id)
        how = self._how(turn)
        return self.judgements.stars(turn.id, n, dimensions=dimensions, reason=reason, how=how)

    def tag(self, turn_id: int, dimensions: Mapping[str, int]) -> Rating:
        """Add dimensions to a rated reply by storing its rating again.

        Raises:
            RptermError: The reply is not rated as a whole yet.
        """
        mark = self.mark(turn_id)
        if mark.stars is not None:
            return self.stars(turn_id, mark.stars, dimensions)
        if mark.thumb is not None:
            return self.thumb(turn_id, mark.thumb, dimensions)
        raise RptermError("Rate the reply as a whole first: 1 to 5, + or -.")

    def change(self, turn_id: int, before: Mark, after: Mark) -> None:
        """Store the difference between two marks: stars, a thumb, or dimensions.

        Raises:
            RptermError: The reply is not rated as a whole.
        """
        if after.stars is not None and after.stars != before.stars:
            self.stars(turn_id, after.stars, after.dimensions)
        elif after.thumb is not None and after.thumb != before.thumb:
            self.thumb(turn_id, after.thumb, after.dimensions)
        elif after.dimensions != before.dimensions:
            self.tag(turn_id, after.dimensions)

    def flag(self, turn_id: int, span: tuple[int, int] | None, reason: str) -> Rating:
        """Flag a problem with a reply or a part of it."""
        turn = self.require_complete(turn_id)
        return self.judgements.flag(turn.id, span, reason.strip(), how=self._how(turn))

    # Two replies -------------------------------------------------------------------------------
    def duel(
        self,
        left: int,
        right: int,
        verdict: Verdict,
        *,
        method: str = "duel",
        asked_again: int | None = None,
    ) -> Comparison:
        """Record the verdict on two replies that were shown blind, side by side."""
        how = self._how(self.require_complete(left), method=method, position="left, right")
        self.require_complete(right)
        return self.judgements.compare(left, right, verdict, asked_again=asked_again, how=how)

    def kept_edit(self, original: Turn, edited: Turn) -> None:
        """Record that the user edited a reply; edited greetings are ignored."""
        if original.role == "assistant" and original.parent_id is not None:
            how = self._how(original, method=AUTOMATIC)
            self.judgements.kept_edit(original.id, edited.id, how=how)

    def record_kept_swipes(self, turn: Turn) -> None:
        """Record, when the user answers this reply, that it was preferred to its other swipes.

        Each pair is recorded once, and never against the reply that this one was edited or
        continued from. A reply that the score selected is not the user's choice and is ignored.
        """
        if not _has_versions(turn) or self.judgements.is_kept_by_score(turn.id):
            return
        rivals = [each.id for each in self.store.siblings(turn.id) if _is_rival(each, turn)]
        comparisons = self.judgements.comparisons(turn.chat_id)
        compared = {other for each in comparisons if turn.id in each.turns for other in each.turns}
        new = [rival for rival in rivals if rival not in compared]
        if new:
            self.judgements.kept_swipe(turn.id, new, how=self._how(turn, method=AUTOMATIC))

    def record_choice(self, turn_id: int) -> None:
        """Record that the user chose this version of a reply, whatever the score selected."""
        if _has_versions(self.store.turn(turn_id)):
            self.judgements.chosen_by_hand(turn_id)

    # Current marks -----------------------------------------------------------------------------
    def mark(self, turn_id: int) -> Mark:
        """The mark of one reply."""
        return self.marks(self.store.turn(turn_id).chat_id).get(turn_id, Mark())

    def marks(self, chat_id: int) -> dict[int, Mark]:
        """The marks of a chat's replies by turn id; replies without one are left out."""
        found: dict[int, Mark] = {}
        for each in self.judgements.ratings(chat_id):
            if each.how.rater == self.rater:
                found[each.turn_id] = _with_rating(found.get(each.turn_id, Mark()), each)
        for duel in self.judgements.comparisons(chat_id):
            if duel.kind == "duel" and duel.how.rater == self.rater and duel.verdict != "tie":
                for turn in duel.turns:
                    found[turn] = replace(found.get(turn, Mark()), won=duel.winner == turn)
        return found

    def undo(self, chat_id: int, turn_id: int | None = None) -> Rating | Comparison | None:
        """Withdraw the rater's last judgement (of this reply, if given) and return it."""
        judgements: list[Rating | Comparison] = list(self.judgements.ratings(chat_id))
        judgements += self.judgements.comparisons(chat_id)
        mine = [
            each
            for each in judgements
            if each.how.rater == self.rater and each.how.method != AUTOMATIC
            if turn_id is None or turn_id in each.turns
        ]
        last = max(mine, key=lambda each: each.id, default=None)
        if last is not None:
            self.judgements.withdraw(last.id, chat_id, rater=self.rater)
        return last

    # -------------------------------------------------------------------------------------------
    def _how(self, turn: Turn, *, method: str = "", position: str = "") -> Circumstances:
        from rpterm.store.judgement_records import Circumstances

        seen = self._seen_at.get(turn.id)
        swipe = f"swipe {turn.swipe} of {turn.swipes}" if turn.swipes > 1 else ""
        return Circumstances(
            rater=self.rater,
            seconds=None if seen is None else round(self._clock() - seen, 2),
            position=position or swipe,
            method=method or self.method,
            score=self._score(turn.id),
        )

    def _score(self, turn_id: int) -> float | None:
        """The live score of a reply, if there is one."""
        found = self._scores.get([turn_id]).get(turn_id)
        return None if found is None else found.probability


def verdict_words(verdict: Verdict) -> str:
    """A verdict in words."""
    words = {"left": "the left one", "right": "the right one", "tie": "a tie"}
    return words.get(verdict, "both are bad")


def _with_rating(mark: Mark, rating: Rating) -> Mark:
    """The mark after one more rating; the last one of a kind counts."""
    if rating.kind == "flag":
        return replace(mark, flags=mark.flags + 1)
    if rating.kind == "stars":
        return replace(mark, stars=rating.value, dimensions=rating.dimensions)
    return replace(mark, thumb=bool(rating.value), dimensions=rating.dimensions or mark.dimensions)


def _has_versions(turn: Turn) -> bool:
    """Whether it is one of several replies to the same turn. Greetings, and replies whose parent
    was deleted, do not answer a turn."""
    answers_turn = turn.parent_id is not None and not turn.lifted
    return turn.role == "assistant" and turn.swipes > 1 and answers_turn


def _is_rival(other: Turn, kept: Turn) -> bool:
    """Whether another version is an independent reply that the user could have kept instead."""
    related = other.id in (kept.id, kept.edited_from) or other.edited_from == kept.id
    is_reply = other.origin in (Origin.GENERATED, Origin.CONTINUED, Origin.EDITED)
    is_reply = is_reply and other.role == kept.role and not other.lifted
    return is_reply and not related and other.status is Status.COMPLETE and bool(other.text.strip())
