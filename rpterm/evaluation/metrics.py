"""Metrics of answers: overlap with references, scores of the Scorer, and personality traits.

ROUGE-L (Lin 2004), BLEU (Papineni et al. 2002) and chrF (Popović 2015) come from the standard
libraries ``rouge-score`` and ``sacrebleu``, which are in the extra ``eval``.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from rpterm.cards.card import CharacterCard
from rpterm.evaluation.answers import Answer
from rpterm.evaluation.questions import TRAITS, Question
from rpterm.evaluation.reply_scores import Reason, reasons
from rpterm.evaluation.result_cache import ResultCache, cache_key
from rpterm.preference.stats.bootstrap import MIN_GROUPS, group_interval
from rpterm.scoring.coefficients import load_coefficients
from rpterm.scoring.combine import DIMENSIONS
from rpterm.scoring.scene import scene_of
from rpterm.scoring.scorer import Score, Scorer

REFERENCE = ("rouge_l", "bleu", "chrf")
MISSING = 'needs the extra: pip install "rpterm[eval]"'
LIKELIHOODS = ("persona_lift", "context_lift", "voice_likelihood")
"""Signals of the fixed language model that are also reported on their own."""
SHARES = ("in_character", *DIMENSIONS)
"""Metrics between 0 and 1."""
RATING_BOUNDS = (1.0, 5.0)
"""Of stars, and of ratings in the personality interview."""
_CACHE_FORMAT = "values, interval and reasons"
"""What is cached of a score; part of the cache key, so that other formats are computed anew."""


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """The Scorer's result for an answer.

    Attributes:
        values: Probability, dimensions and likelihoods, by the name of the metric.
        low, high: The 90 % interval of the probability.
        reasons: What speaks for and against the answer.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    low: float = 0.0
    high: float = 1.0
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class MeasuredAnswer:
    """An answer with its metrics by name; higher is better."""

    answer: Answer
    values: Mapping[str, float] = field(default_factory=dict)
    score: AnswerScore = AnswerScore()


def bounds(metric: str) -> tuple[float, float]:
    """The least and the largest value that a metric can have."""
    if metric in SHARES:
        return 0.0, 1.0
    return (0.0, 100.0) if metric in REFERENCE else (-math.inf, math.inf)


def has_references() -> bool:
    """Whether the libraries of the extra are installed."""
    return all(find_spec(name) is not None for name in ("rouge_score", "sacrebleu"))


def against_references(reply: str, references: Sequence[str]) -> dict[str, float]:
    """ROUGE-L, BLEU and chrF from 0 to 100; empty without references or libraries."""
    if not references or not reply.strip() or not has_references():
        return {}
    bleu, chrf = _sacrebleu()
    rouge = _rouge().score_multi(list(references), reply)["rougeL"].fmeasure
    return {
        "rouge_l": 100 * float(rouge),
        "bleu": float(bleu.sentence_score(reply, list(references)).score),
        "chrf": float(chrf.sentence_score(reply, list(references)).score),
    }


@cache
def _rouge() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=True)


@cache
def _sacrebleu() -> tuple[Any, Any]:
    from sacrebleu.metrics import BLEU, CHRF

    return BLEU(effective_order=True), CHRF()


def measure(
    card: CharacterCard,
    answers: Iterable[Answer],
    questions: Mapping[str, Question],
    scored: AnswerScores,
    on_step: Callable[[], object] = lambda: None,
) -> list[MeasuredAnswer]:
    """All metrics of answers to open questions; for the personality interview see ``traits``."""
    measured = []
    for answer in answers:
        question = questions[answer.question]
        if question.kind == "personality":
            continue
        score = scored.of(question.card(card), answer)
        overlap = against_references(answer.reply, question.references)
        measured.append(MeasuredAnswer(answer, {**overlap, **score.values}, score))
        on_step()
    return measured


class AnswerScores:
    """Scores answers; complete scores are cached."""

    def __init__(
        self,
        scorer: Scorer,
        known: ResultCache,
        others: tuple[CharacterCard, ...] = (),
        setup: str = "",
    ) -> None:
        """Args:
        scorer: Scores replies.
        known: The cache.
        others: Cards of other characters, for contrast.
        setup: The Scorer's settings; with other settings everything is scored anew.
        """
        self._scorer, self._known, self._others = scorer, known, others
        self._setup = (load_coefficients().version, setup, _CACHE_FORMAT)

    def of(self, card: CharacterCard, answer: Answer) -> AnswerScore:
        """The score of an answer, with its reasons."""
        key = cache_key(self._setup, card, self._others, answer.said, answer.reply)
        return _from_json(self._known.get_or_compute(key, lambda: self._score(card, answer)))

    def _score(self, card: CharacterCard, answer: Answer) -> tuple[dict[str, Any], bool]:
        scene = scene_of(card, history=answer.said, others=self._others)
        self._scorer.warm_models(answer.reply, scene)
        score = self._scorer.score_fully(answer.reply, scene)
        if score is None:
            return asdict(AnswerScore()), False
        why = reasons(score, answer.reply)
        return asdict(AnswerScore(_values(score), score.low, score.high, why)), score.complete


def _from_json(cached: Mapping[str, Any]) -> AnswerScore:
    why = tuple(Reason(**each) for each in cached["reasons"])
    return AnswerScore(cached["values"], cached["low"], cached["high"], why)


def _values(score: Score) -> dict[str, float]:
    values = {"in_character": score.probability}
    values |= {name: value for name, value in score.dimensions.items() if value is not None}
    for name in LIKELIHOODS:
        reading = score.readings.get(name)
        if reading is not None and reading.confidence > 0:
            values[name] = reading.value
    return values


@dataclass(frozen=True, slots=True)
class Trait:
    """A model's rating of its character on one trait, 1 to 5, over items and seeds.

    Attributes:
        low, high: 95 % bootstrap interval over the items.
        spread: Mean standard deviation of an item over the seeds, which shows how consistent the
            answers are; ``None`` if each item was answered once.
    """

    name: str
    mean: float
    low: float
    high: float
    spread: float | None
    items: int


def traits(answers: Sequence[Answer], questions: Mapping[str, Question]) -> list[Trait]:
    """The traits from one model's personality interview; ratings of reversed items are flipped."""
    by_item: dict[str, list[int]] = {}
    for answer in answers:
        question = questions[answer.question]
        if question.kind == "personality" and answer.rating is not None:
            rating = answer.rating if question.key > 0 else 6 - answer.rating
            by_item.setdefault(answer.question, []).append(rating)
    measured = []
    for name in TRAITS:
        items = [ratings for item, ratings in by_item.items() if questions[item].trait == name]
        if items:
            measured.append(_trait(name, items))
    return measured


def _trait(name: str, items: Sequence[Sequence[int]]) -> Trait:
    means = [statistics.fmean(ratings) for ratings in items]
    mean, low, high = mean_interval(means, limits=RATING_BOUNDS)
    deviations = [statistics.stdev(ratings) for ratings in items if len(ratings) > 1]
    spread = statistics.fmean(deviations) if deviations else None
    return Trait(name, mean, low, high, spread, len(items))


def mean_interval(
    values: Sequence[float],
    rounds: int = 1000,
    *,
    alpha: float = 0.05,
    limits: tuple[float, float] = (-math.inf, math.inf),
) -> tuple[float, float, float]:
    """The mean and its bootstrap interval with coverage 1 - ``alpha``, within ``limits``.

    Fewer than ``MIN_GROUPS`` values say nothing about their spread: their interval is the range.
    """
    array = np.asarray(values, float)
    resamples = np.random.default_rng(0).integers(0, len(array), (rounds, len(array)))
    means = array[resamples].mean(axis=1).tolist()
    mean = float(array.mean())
    if len(array) < MIN_GROUPS:
        return mean, float(array.min()), float(array.max())
    return mean, *group_interval(mean, means, len(array), 1 - alpha, limits)
