"""Builds the tables of an evaluation, for the terminal, the HTML page and the pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, isnan

from rpterm.evaluation import legend
from rpterm.evaluation.agreement import Agreement, agreement
from rpterm.evaluation.answers import Answer
from rpterm.evaluation.answers_by_question import (
    QuestionAnswers,
    RatedStatement,
    group_answers,
    group_ratings,
)
from rpterm.evaluation.judge import JudgeVerdict, reliability_of, rubric
from rpterm.evaluation.legend import METRICS, TRAITS, MetricMeaning, title
from rpterm.evaluation.metrics import (
    LIKELIHOODS,
    RATING_BOUNDS,
    REFERENCE,
    MeasuredAnswer,
    Trait,
    bounds,
    mean_interval,
    traits,
)
from rpterm.evaluation.questions import Question
from rpterm.evaluation.recommendation import Recommendation, by_question, recommend
from rpterm.humanize import counted
from rpterm.preference.overview import PERSON, Overview
from rpterm.preference.stats.score_validity import validate_score

_COMPARED = ("in_character", "attractiveness", *LIKELIHOODS, *REFERENCE)
"""The metrics whose agreement is shown; the other dimensions are parts of the first one."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A mean with its 95 % interval, for pictures."""

    model: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a note on how to read it; ``legend`` explains its rows."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    legend: tuple[MetricMeaning, ...] = ()


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """The results of an evaluation; ``judge`` is "" if there was no judging model."""

    card: str
    models: tuple[str, ...]
    judge: str
    choice: Recommendation
    tables: tuple[Table, ...]
    bars: Mapping[str, tuple[Bar, ...]]
    answers: tuple[QuestionAnswers, ...]
    interview: tuple[RatedStatement, ...]


def build(
    card: str,
    measured: Sequence[MeasuredAnswer],
    answers: Sequence[Answer],
    questions: Mapping[str, Question],
    verdicts: Sequence[JudgeVerdict] = (),
    human: Overview | None = None,
    judge: str = "",
) -> EvaluationReport:
    """Build the report.

    Args:
        card: The character's name.
        measured: The metrics of answers to open questions.
        answers: All answers.
        questions: The questions by name.
        verdicts: The judging model's verdicts.
        human: People's ratings of this character's replies.
        judge: The judging model's name.
    """
    models = tuple(dict.fromkeys(answer.model for answer in answers))
    tables = [
        _metrics(measured, models),
        _kinds(measured, models, questions),
        _personality(answers, models, questions),
        *_judged(verdicts, models, judge),
        *_human(human),
        _agreement(measured, verdicts, human),
    ]
    with_rows = tuple(table for table in tables if table.rows)
    return EvaluationReport(
        card, models, judge if verdicts else "", recommend(measured, models, verdicts, judge),
        with_rows,
        _bars(measured, models), group_answers(measured, questions, verdicts),
        group_ratings(answers, models, questions),
    )  # fmt: skip


def _metrics(measured: Sequence[MeasuredAnswer], models: Sequence[str]) -> Table:
    metrics = _available(measured)
    rows = [
        (
            title(metric),
            *(_mean(_values(measured, metric, model), bounds(metric)) for model in models),
        )
        for metric in metrics
    ]
    return Table(
        "Means over all open questions", ("metric", *models), tuple(rows),
        "Mean (95 % interval: bootstrap over questions). ROUGE-L, BLEU and chrF compare "
        "with the card's own examples or the probes' references. All the others come from the "
        "fixed scorer, the small starter model, whatever model plays or judges.",
        tuple(METRICS[metric] for metric in metrics),
    )  # fmt: skip


def _kinds(
    measured: Sequence[MeasuredAnswer], models: Sequence[str], questions: Mapping[str, Question]
) -> Table:
    kinds = dict.fromkeys(questions[each.answer.question].kind for each in measured)
    rows = []
    for kind in kinds:
        own = [each for each in measured if questions[each.answer.question].kind == kind]
        cells = [_mean(_values(own, "in_character", model), (0.0, 1.0)) for model in models]
        rows.append((kind, *cells))
    return Table(
        "In character, by kind of question", ("kind", *models), tuple(rows),
        "The same metric for each kind of question: mean (95 % interval: bootstrap over "
        "questions).",
        legend.kinds(list(kinds)),
    )  # fmt: skip


def _personality(
    answers: Sequence[Answer], models: Sequence[str], questions: Mapping[str, Question]
) -> Table:
    by_model = {
        model: {
            trait.name: _trait_cell(trait)
            for trait in traits([a for a in answers if a.model == model], questions)
        }
        for model in models
    }
    names = dict.fromkeys(name for cells in by_model.values() for name in cells)
    rows = [(name, *(by_model[model].get(name, "–") for model in models)) for name in names]
    return Table(
        "Personality interview", ("trait", *models), tuple(rows),
        "Mean (95 % interval: bootstrap over statements) ± spread of one statement over "
        "seeds. Half of the statements are reversed: 3.0 with a small spread may only mean that "
        "the model agrees with everything.",
        tuple(TRAITS[name] for name in names),
    )  # fmt: skip


def _trait_cell(trait: Trait) -> str:
    """Mean, interval (needs several items) and spread (needs several seeds)."""
    interval = f" ({trait.low:.1f}–{trait.high:.1f})" if trait.items > 1 else ""
    spread = f" ±{trait.spread:.1f}" if trait.spread is not None else ""
    return f"{trait.mean:.1f}{interval}{spread}"


def _judged(verdicts: Sequence[JudgeVerdict], models: Sequence[str], judge: str) -> Iterable[Table]:
    reliability = reliability_of(verdicts)
    if reliability is None:
        return
    agreement, first_place = reliability.agreement, reliability.first_place
    rows = []
    for dimension in dict.fromkeys(each.dimension for each in verdicts):
        own = [each for each in verdicts if each.dimension == dimension]
        cells = [
            f"{sum(v.winner == m for v in own)} of {sum(m in (v.left, v.right) for v in own)}"
            for m in models
        ]
        rows.append((dimension, *cells, str(sum(not v.winner for v in own))))
    heads = ("dimension", *(f"{model} wins" for model in models), "undecided")
    yield Table(
        f"The judging model: {judge}", heads, tuple(rows),
        "Wins of each model, out of its comparisons; more is better. The judge is asked in both "
        "orders; a comparison is undecided if swapping them changes its verdict. It agrees with "
        f"itself in {agreement.value:.0%} of {counted(agreement.total, 'comparison')} (chance is "
        f"50 %) and chooses the first reply in {first_place.value:.0%} (unbiased is 50 %).",
        tuple(
            MetricMeaning(name, question, "wins of comparisons")
            for name, question in rubric().items()
        ),
    )  # fmt: skip


def _human(human: Overview | None) -> Iterable[Table]:
    groups = sorted(human.models.items()) if human is not None else ()
    rows = [
        (model, _mean(each.stars, RATING_BOUNDS), str(len(each.stars)), each.liked.percent or "–",
         str(each.liked.total))
        for model, each in groups if model != PERSON and (each.stars or each.liked.total)
    ]  # fmt: skip
    yield Table(
        "People", ("model", "stars", "rated", "liked", "rated"), tuple(rows),
        "Your own ratings of this character's replies in all chats. Stars, 1 to 5: mean (95 % "
        "interval: bootstrap over ratings). Liked: the share of good ones (a thumb up, 4 or 5 "
        "stars) among good and bad ones (Wilson's 95 % interval). More is better.",
    )  # fmt: skip


def _agreement(
    measured: Sequence[MeasuredAnswer], verdicts: Sequence[JudgeVerdict], human: Overview | None
) -> Table:
    metrics = [metric for metric in _available(measured) if metric in _COMPARED]
    series = {metric: _by_answer(measured, metric) for metric in metrics}
    series["judge"] = _wins(verdicts)
    rows = [
        (pair, f"{each.spearman:+.2f}", each.interval, str(each.count))
        for pair, each in _pairwise(series)
    ]  # fmt: skip
    validity = None if human is None else validate_score(human.judged)
    if validity is not None and not isnan(validity.spearman.value):
        stars = validity.spearman
        interval = f"{stars.low:+.2f} to {stars.high:+.2f}" if stars.low == stars.low else "–"
        people = ("your stars – live score", f"{stars.value:+.2f}", interval, str(stars.count))
        rows.insert(0, people)
    return Table(
        "Do the metrics agree?", ("pair", "Spearman", "95 % interval", "answers"), tuple(rows),
        "Spearman's rank correlation, -1 to 1: at 1 both rank the answers in the same order (95 % "
        "interval: bootstrap over questions; your stars are of other replies: over their chats). "
        "If the interval includes 0, these answers do not show that the two agree; the pairs that "
        "they show to agree, or to disagree, come first.",
    )  # fmt: skip


def _pairwise(
    series: Mapping[str, Mapping[tuple[str, str, int], float]],
) -> list[tuple[str, Agreement]]:
    """The agreement of each pair of metrics; those that it shows to agree, or not, come first."""
    found = []
    for left, right in combinations([name for name, values in series.items() if values], 2):
        both = sorted(series[left].keys() & series[right].keys())
        one, other = ([series[side][key] for key in both] for side in (left, right))
        pair = agreement(one, other, [question for _, question, _ in both])
        if pair is not None and not isnan(pair.spearman):
            found.append((f"{title(left)} – {title(right)}", pair))
    return sorted(found, key=_doubt)


def _doubt(row: tuple[str, Agreement]) -> float:
    """How far the interval reaches to the other side of 0; without an interval, farthest."""
    low, high = row[1].spearman_low, row[1].spearman_high
    return inf if isnan(low) else min(-low, high)


def _bars(measured: Sequence[MeasuredAnswer], models: Sequence[str]) -> dict[str, tuple[Bar, ...]]:
    return {
        metric: tuple(
            Bar(model, *mean_interval(values, limits=bounds(metric)))
            for model in models
            if (values := _values(measured, metric, model))
        )
        for metric in _available(measured)
    }


def _available(measured: Sequence[MeasuredAnswer]) -> list[str]:
    """The metrics that some answer has, in display order."""
    names = {name for each in measured for name in each.values}
    return [name for name in METRICS if name in names]


def _values(measured: Sequence[MeasuredAnswer], metric: str, model: str) -> list[float]:
    """One value per question, because answers with several seeds are not independent."""
    return list(by_question(measured, metric, model).values())


def _by_answer(
    measured: Sequence[MeasuredAnswer], metric: str
) -> dict[tuple[str, str, int], float]:
    """The values of a metric by (model, question, seed)."""
    return {
        (each.answer.model, each.answer.question, each.answer.seed): each.values[metric]
        for each in measured
        if metric in each.values
    }


def _wins(verdicts: Sequence[JudgeVerdict]) -> dict[tuple[str, str, int], float]:
    """The share of decided comparisons an answer won, over dimensions and opponents."""
    won: dict[tuple[str, str, int], list[float]] = {}
    for verdict in verdicts:
        for model in (verdict.left, verdict.right) if verdict.winner else ():
            key = (model, verdict.question, verdict.seed)
            won.setdefault(key, []).append(float(verdict.winner == model))
    return {key: sum(values) / len(values) for key, values in won.items()}


def _mean(values: Sequence[float], limits: tuple[float, float]) -> str:
    if not values:
        return "–"
    mean, low, high = mean_interval(values, limits=limits)
    return f"{mean:.2f} ({low:.2f}–{high:.2f})" if len(values) > 1 else f"{mean:.2f}"
