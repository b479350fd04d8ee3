"""Numbers for answers: against references, by the Scorer, and by traits.

ROUGE-L (Lin 2004), BLEU (Papineni et al. 2002) and chrF (Popović 2015) come from the libraries
that everybody compares with, ``rouge-score`` and ``sacrebleu``; they are in the extra ``eval``.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from rpterm.cards.card import CharacterCard
from rpterm.evaluation.answers import Answer
from rpterm.evaluation.lines import Known, mark
from rpterm.evaluation.questions import TRAITS, Question
from rpterm.evaluation.scored import Reason, reasons
from rpterm.scoring.frozen import frozen
from rpterm.scoring.records import scene_of
from rpterm.scoring.scorer import Score, Scorer

REFERENCE = ("rouge_l", "bleu", "chrf")
MISSING = 'needs the extra: pip install "rpterm[eval]"'
LIKELIHOODS = ("persona_lift", "context_lift", "voice_likelihood")
"""Signals of the fixed language model that are shown by themselves, too."""
_SHAPE = "values, interval and reasons"
"""What is kept of a score; what holds less is made anew."""


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """What the Scorer says of an answer.

    Attributes:
        values: Probability, dimensions and likelihoods, by the name of the metric.
        low, high: The probability's 90 % interval.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    low: float = 0.0
    high: float = 1.0
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """An answer with its numbers, by the name of the metric; higher is better."""

    answer: Answer
    values: Mapping[str, float] = field(default_factory=dict)
    score: AnswerScore = AnswerScore()


def has_references() -> bool:
    """Whether the libraries of the extra are installed."""
    return all(find_spec(name) is not None for name in ("rouge_score", "sacrebleu"))


def against_references(reply: str, references: Sequence[str]) -> dict[str, float]:
    """ROUGE-L, BLEU and chrF from 0 to 100; nothing without references or libraries."""
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
) -> list[Measured]:
    """All numbers of open answers; personality has its own, see ``traits``."""
    found = []
    for answer in answers:
        question = questions[answer.question]
        if question.kind == "personality":
            continue
        score = scored.of(question.card(card), answer)
        compared = against_references(answer.reply, question.references)
        found.append(Measured(answer, {**compared, **score.values}, score))
        on_step()
    return found


class AnswerScores:
    """Scores of answers, which are kept where they are whole.

    Args:
        others: Cards of other characters, for contrast.
        setup: How the Scorer is set; with other settings all is scored anew.
    """

    def __init__(
        self,
        scorer: Scorer,
        known: Known,
        others: tuple[CharacterCard, ...] = (),
        setup: str = "",
    ) -> None:
        self._scorer, self._known, self._others = scorer, known, others
        self._setup = (frozen().version, setup, _SHAPE)

    def of(self, card: CharacterCard, answer: Answer) -> AnswerScore:
        """The score of an answer, with its reasons."""
        depends = mark(self._setup, card, self._others, answer.said, answer.reply)
        kept = self._known.or_made(depends, lambda: self._scored(card, answer))
        return _score(kept)

    def _scored(self, card: CharacterCard, answer: Answer) -> tuple[dict[str, Any], bool]:
        scene = scene_of(card, history=answer.said, others=self._others)
        self._scorer.prepare(answer.reply, scene)
        score = self._scorer.full(answer.reply, scene)
        if score is None:
            return asdict(AnswerScore()), False
        why = reasons(score, answer.reply)
        return asdict(AnswerScore(_values(score), score.low, score.high, why)), score.complete


def _score(kept: Mapping[str, Any]) -> AnswerScore:
    why = tuple(Reason(**each) for each in kept["reasons"])
    return AnswerScore(kept["values"], kept["low"], kept["high"], why)


def _values(score: Score) -> dict[str, float]:
    values = {"in_character": score.probability}
    values |= {name: share for name, share in score.dimensions.items() if share is not None}
    for name in LIKELIHOODS:
        reading = score.readings.get(name)
        if reading is not None and reading.confidence > 0:
            values[name] = reading.value
    return values


@dataclass(frozen=True, slots=True)
class Trait:
    """Where a model's character stands on one trait, 1 to 5, over items and seeds.

    Attributes:
        low, high: 95 % interval by bootstrap over the items.
        spread: Mean standard deviation of one item over the seeds: how steady the answers are;
            ``None`` where each was answered once.
    """

    name: str
    mean: float
    low: float
    high: float
    spread: float | None
    items: int


def traits(answers: Sequence[Answer], questions: Mapping[str, Question]) -> list[Trait]:
    """The personality interview of one model; reversed items are turned round."""
    by_item: dict[str, list[int]] = {}
    for answer in answers:
        question = questions[answer.question]
        if question.kind == "personality" and answer.rating is not None:
            turned = answer.rating if question.key > 0 else 6 - answer.rating
            by_item.setdefault(answer.question, []).append(turned)
    found = []
    for name in TRAITS:
        items = [values for item, values in by_item.items() if questions[item].trait == name]
        if items:
            found.append(_trait(name, items))
    return found


def _trait(name: str, items: Sequence[Sequence[int]]) -> Trait:
    mean, low, high = mean_interval([statistics.fmean(values) for values in items])
    several = [statistics.pstdev(values) for values in items if len(values) > 1]
    spread = statistics.fmean(several) if several else None
    return Trait(name, mean, low, high, spread, len(items))


def mean_interval(
    values: Sequence[float], rounds: int = 1000, *, doubt: float = 0.05
) -> tuple[float, float, float]:
    """Mean and its interval by percentile bootstrap, which ``doubt`` of all leave out."""
    array = np.asarray(values, float)
    draws = np.random.default_rng(0).integers(0, len(array), (rounds, len(array)))
    low, high = np.percentile(array[draws].mean(axis=1), [50 * doubt, 100 - 50 * doubt])
    return float(array.mean()), float(low), float(high)
