"""Collects the figures of ``rpterm stats``: ratings by character and model, and live scores.

Chats are read one by one. All chats count, exportable or not, because nothing is exported.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from rpterm.preference.latest_ratings import latest_ratings
from rpterm.preference.stats.agreement import NOTHING, Proportion
from rpterm.preference.stats.ranking import Vote
from rpterm.preference.stats.score_validity import ScoredRating
from rpterm.store.judgement_records import Comparison, Rating, ReplyOrigin
from rpterm.store.judgements import Judgements
from rpterm.store.scores import Scores

PERSON = "(a person)"


@dataclass(slots=True)
class Group:
    """Judgements of one character's or one model's replies.

    Attributes:
        duels: Number of duels with its replies; a repeated one counts once.
        won: Duels won against another model; ``lost`` and ``tied`` likewise.
    """

    good: int = 0
    bad: int = 0
    stars: list[int] = field(default_factory=list)
    duels: int = 0
    won: int = 0
    lost: int = 0
    tied: int = 0
    flagged: int = 0

    @property
    def liked(self) -> Proportion:
        """The share of good replies among those rated good or bad."""
        return Proportion(self.good, self.good + self.bad)

    @property
    def wins(self) -> Proportion:
        """The share of duels won among those decided."""
        return Proportion(self.won, self.won + self.lost)

    @property
    def mean_stars(self) -> float | None:
        """The mean number of stars, or ``None``."""
        return sum(self.stars) / len(self.stars) if self.stars else None


@dataclass(slots=True)
class Overview:
    """Everything that ``rpterm stats`` shows.

    Attributes:
        kinds: Number of judgements by kind; comparisons by kind and verdict.
        judged: Rated replies with a live score.
        votes: Duels between different models.
        duels: All duels, including repeated ones, which show how consistent the rater is.
        higher_won: Decided duels that the reply with the higher live score won, of those whose
            replies have different ones.
    """

    chats: int = 0
    exportable: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    raters: Counter[str] = field(default_factory=Counter)
    cards: dict[str, Group] = field(default_factory=lambda: defaultdict(Group))
    models: dict[str, Group] = field(default_factory=lambda: defaultdict(Group))
    judged: list[ScoredRating] = field(default_factory=list)
    votes: list[Vote] = field(default_factory=list)
    duels: list[Comparison] = field(default_factory=list)
    higher_won: Proportion = NOTHING


def overview(
    judgements: Judgements, *, card: str | None = None, model: str | None = None
) -> Overview:
    """Collect all judgements.

    Args:
        card: Only chats with this character.
        model: Only replies of this model, and duels in which it took part.
    """
    found = Overview()
    scores = Scores(judgements.store)
    for chat_id in judgements.chats():
        name = judgements.store.chat(chat_id).card_name
        if card is not None and name != card:
            continue
        before = found.kinds.total()
        _ChatReader(found, name, judgements, scores, chat_id, model).read()
        if found.kinds.total() > before:
            found.chats += 1
            found.exportable += judgements.exportable(chat_id)
    return found


class _ChatReader:
    """Adds the judgements of one chat to an overview."""

    def __init__(
        self,
        found: Overview,
        card: str,
        judgements: Judgements,
        scores: Scores,
        chat_id: int,
        model: str | None,
    ) -> None:
        self.found, self.card, self.chat_id, self.model = found, card, chat_id, model
        self.origins: Mapping[int, ReplyOrigin] = judgements.origins(chat_id)
        self.ratings = list(judgements.ratings(chat_id))
        self.comparisons = list(judgements.comparisons(chat_id))
        turns = {each.turn_id for each in self.ratings}
        turns.update(turn for pair in self.comparisons for turn in pair.turns)
        self.scores = {turn: each.probability for turn, each in scores.get(turns).items()}

    def read(self) -> None:
        for each in latest_ratings(self.ratings):
            if self.model is None or self._model(each.turn_id) == self.model:
                self._add_rating(each)
        for pair in self.comparisons:
            if self.model is None or self.model in self._models(pair):
                self._add_comparison(pair)

    def _add_rating(self, rating: Rating) -> None:
        self.found.kinds[rating.kind] += 1
        self.found.raters[rating.how.rater] += 1
        groups = self.found.cards[self.card], self.found.models[self._model(rating.turn_id)]
        for group in groups:
            if rating.kind == "flag":
                group.flagged += 1
                continue
            if rating.kind == "stars":
                group.stars.append(rating.value)
            group.good += rating.good is True
            group.bad += rating.good is False
        scored_before = rating.how.score is not None
        score = rating.how.score if scored_before else self.scores.get(rating.turn_id)
        if score is not None and rating.kind != "flag":
            stars = float(rating.value) if rating.kind == "stars" else None
            self.found.judged.append(
                ScoredRating(self.chat_id, score, rating.good, stars, scored_before)
            )

    def _add_comparison(self, pair: Comparison) -> None:
        verdict = pair.verdict.replace("_", " ") if pair.kind == "duel" else "kept"
        self.found.kinds[f"{pair.kind}: {verdict}"] += 1
        self.found.raters[pair.how.rater] += 1
        if pair.kind != "duel":
            return
        self.found.duels.append(pair)
        if pair.asked_again is None:
            self._add_duel(pair)

    def _add_duel(self, pair: Comparison) -> None:
        best = pair.winner
        left, right = self._models(pair)
        self.found.cards[self.card].duels += 1
        for model in {left, right}:
            self.found.models[model].duels += 1
        if left != right:
            for turn in pair.turns:
                group = self.found.models[self._model(turn)]
                group.won += best == turn
                group.lost += isinstance(best, int) and best != turn
                group.tied += best == "tie"
            if best != "both_bad":
                winner, loser = (right, left) if best == pair.right_id else (left, right)
                self.found.votes.append(Vote(winner, loser, self.chat_id, best == "tie"))
        if isinstance(best, int):
            self._compare_scores(pair, best)

    def _compare_scores(self, pair: Comparison, best: int) -> None:
        one = self.scores.get(best)
        other = self.scores.get(pair.right_id if best == pair.left_id else pair.left_id)
        if one is not None and other is not None and one != other:
            self.found.higher_won += Proportion(one > other, 1)

    def _models(self, pair: Comparison) -> tuple[str, str]:
        return self._model(pair.left_id), self._model(pair.right_id)

    def _model(self, turn: int) -> str:
        origin = self.origins.get(turn)
        return origin.model if origin is not None else PERSON
