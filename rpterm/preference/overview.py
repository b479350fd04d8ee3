"""Collects the figures of ``rpterm stats``: ratings by character and model, and live scores.

Chats are read one by one. All chats count, exportable or not, because nothing is exported.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rpterm.preference.latest_ratings import latest_ratings
from rpterm.preference.splits import conversation_of, is_of_duel
from rpterm.preference.stats.agreement import NOTHING, Proportion
from rpterm.preference.stats.ranking import Vote
from rpterm.preference.stats.score_validity import ScoredRating
from rpterm.store.judgement_records import Comparison, Rating, ReplyOrigin
from rpterm.store.judgements import Judgements
from rpterm.store.reply_queries import characters
from rpterm.store.scores import Scores

PERSON = "(a person)"


@dataclass(slots=True)
class Group:
    """Judgements of one character's or one model's replies.

    Attributes:
        good: Replies that a rater calls good, by thumb, by stars, or by both; ``bad`` likewise.
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
        card: Only replies of this character.
        model: Only replies of this model, and duels in which it took part.
    """
    found = Overview()
    scores = Scores(judgements.store)
    for chat_id in judgements.chats():
        before = found.kinds.total()
        _ChatReader(found, judgements, scores, chat_id, card, model).read()
        if found.kinds.total() > before:
            found.chats += 1
            found.exportable += judgements.exportable(chat_id)
    return found


class _ChatReader:
    """Adds the judgements of one chat to an overview."""

    def __init__(
        self,
        found: Overview,
        judgements: Judgements,
        scores: Scores,
        chat_id: int,
        card: str | None,
        model: str | None,
    ) -> None:
        self.found, self.chat_id, self.card, self.model = found, chat_id, card, model
        self.origins: Mapping[int, ReplyOrigin] = judgements.origins(chat_id)
        self.ratings = list(judgements.ratings(chat_id))
        self.comparisons = list(judgements.comparisons(chat_id))
        turns = {each.turn_id for each in self.ratings}
        turns.update(turn for pair in self.comparisons for turn in pair.turns)
        self.scores = {turn: each.probability for turn, each in scores.get(turns).items()}
        duels = any(is_of_duel(each.how.method) for each in self.comparisons)
        self.turns = {turn.id: turn for turn in judgements.store.tree(chat_id)} if duels else {}
        # Read last: another terminal may have judged a new reply just now.
        self.characters = characters(judgements.store, chat_id)

    def read(self) -> None:
        opinions: dict[tuple[int, str], list[Rating]] = defaultdict(list)
        for each in latest_ratings(self.ratings):
            if self._is_wanted(each.turns):
                self.found.kinds[each.kind] += 1
                self.found.raters[each.how.rater] += 1
                opinions[each.turn_id, each.how.rater].append(each)
        for (turn, _), ratings in opinions.items():
            self._add_opinion(turn, ratings)
        for pair in self.comparisons:
            if self._is_wanted(pair.turns):
                self._add_comparison(pair)

    def _is_wanted(self, turns: Sequence[int]) -> bool:
        return self.card in (None, self.characters[turns[0]]) and (
            self.model is None or self.model in map(self._model, turns)
        )

    def _add_opinion(self, turn: int, ratings: Sequence[Rating]) -> None:
        """Add what one rater says about one reply: a thumb, stars that agree with it, flags."""
        good = next((each.good for each in ratings if each.good is not None), None)
        stars = next((each.value for each in ratings if each.kind == "stars"), None)
        for group in (
            self.found.cards[self.characters[turn]],
            self.found.models[self._model(turn)],
        ):
            group.flagged += sum(each.kind == "flag" for each in ratings)
            group.good += good is True
            group.bad += good is False
            group.stars += [] if stars is None else [stars]
        if good is None and stars is None:
            return
        seen = next((each.how.score for each in ratings if each.how.score is not None), None)
        score = self.scores.get(turn) if seen is None else seen
        if score is not None:
            self.found.judged.append(
                ScoredRating(self.chat_id, score, good, stars, seen is not None)
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
        self.found.cards[self.characters[pair.left_id]].duels += 1
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
                talk = conversation_of(self.chat_id, self.turns, pair.left_id, pair.how.method)
                self.found.votes.append(Vote(winner, loser, talk, best == "tie"))
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
