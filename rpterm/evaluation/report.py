"""An evaluation as tables: what the terminal, the HTML page and the pictures are made of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from rpterm.evaluation import legend
from rpterm.evaluation.agreement import agreement
from rpterm.evaluation.answered import Asked, Rated, answered, interviewed
from rpterm.evaluation.answers import Answer
from rpterm.evaluation.choice import Choice, by_question, choice
from rpterm.evaluation.human import Human
from rpterm.evaluation.judge import Verdict, rubric, trust
from rpterm.evaluation.legend import METRICS, TRAITS, Meaning, title
from rpterm.evaluation.metrics import (
    LIKELIHOODS,
    REFERENCE,
    Measured,
    Trait,
    mean_interval,
    traits,
)
from rpterm.evaluation.questions import Question
from rpterm.plural import counted
from rpterm.preference.stats.intervals import wilson
from rpterm.preference.stats.live import Figure
from rpterm.scoring.combine import DIMENSIONS

SHARES = ("in_character", *DIMENSIONS)
"""What goes from 0 to 1."""
_COMPARED = ("in_character", "attractiveness", *LIKELIHOODS, *REFERENCE)
"""One of each way of judging; the other dimensions are parts of the first."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A mean with its 95 % interval, for pictures."""

    model: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Table:
    """One table and what must be known to read it; ``legend`` tells what the rows are."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    legend: tuple[Meaning, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything an evaluation found; ``judge`` is "" where no model judged."""

    card: str
    models: tuple[str, ...]
    judge: str
    choice: Choice
    tables: tuple[Table, ...]
    bars: Mapping[str, tuple[Bar, ...]]
    answers: tuple[Asked, ...]
    interview: tuple[Rated, ...]


def build(
    card: str,
    measured: Sequence[Measured],
    answers: Sequence[Answer],
    questions: Mapping[str, Question],
    verdicts: Sequence[Verdict] = (),
    human: Sequence[Human] = (),
    stars: Figure | None = None,
    judge: str = "",
) -> Report:
    """Put everything side by side.

    Args:
        stars: How far people's stars and the live score of the same replies agree.
        judge: What the judging model is called.
    """
    models = tuple(dict.fromkeys(answer.model for answer in answers))
    tables = [
        _metrics(measured, models),
        _kinds(measured, models, questions),
        _personality(answers, models, questions),
        *_judged(verdicts, models, judge),
        *_human(human),
        _agreement(measured, verdicts, stars),
    ]
    shown = tuple(table for table in tables if table.rows)
    return Report(
        card, models, judge if verdicts else "", choice(measured, models, verdicts, judge), shown,
        _bars(measured, models), answered(measured, questions, verdicts),
        interviewed(answers, models, questions),
    )  # fmt: skip


def _metrics(measured: Sequence[Measured], models: Sequence[str]) -> Table:
    rows = []
    for metric in _known(measured):
        cells = [_mean(_values(measured, metric, model)) for model in models]
        rows.append((title(metric), *cells))
    return Table(
        "Means over all open answers", ("metric", *models), tuple(rows),
        "Mean (95 % interval: percentile bootstrap over questions). ROUGE-L, BLEU and chrF come of "
        "the card's own examples or the probes' references, all the others of the fixed scorer, "
        "the small starter model, whatever model plays and judges.",
        tuple(METRICS[metric] for metric in _known(measured)),
    )  # fmt: skip


def _kinds(
    measured: Sequence[Measured], models: Sequence[str], questions: Mapping[str, Question]
) -> Table:
    kinds = dict.fromkeys(questions[each.answer.question].kind for each in measured)
    rows = []
    for kind in kinds:
        own = [each for each in measured if questions[each.answer.question].kind == kind]
        cells = [_mean(_values(own, "in_character", model)) for model in models]
        rows.append((kind, *cells))
    return Table(
        "In character, by kind of question", ("kind", *models), tuple(rows),
        "The same, of some questions alone: mean (95 % interval: percentile bootstrap over "
        "questions).",
        legend.kinds(list(kinds)),
    )  # fmt: skip


def _personality(
    answers: Sequence[Answer], models: Sequence[str], questions: Mapping[str, Question]
) -> Table:
    found = {
        model: {
            trait.name: trait
            for trait in traits([a for a in answers if a.model == model], questions)
        }
        for model in models
    }
    names = dict.fromkeys(name for each in found.values() for name in each)
    rows = []
    for name in names:
        cells = []
        for model in models:
            trait = found[model].get(name)
            cells.append(_placed(trait) if trait else "–")
        rows.append((name, *cells))
    return Table(
        "Personality interview", ("trait", *models), tuple(rows),
        "Mean (95 % interval: percentile bootstrap over statements) ± spread of one statement over "
        "seeds. Half of them are turned round: 3.0 with a small spread may only mean that the "
        "model agrees with everything.",
        tuple(TRAITS[name] for name in names),
    )  # fmt: skip


def _placed(trait: Trait) -> str:
    """One item has no interval, one seed no spread."""
    between = f" ({trait.low:.1f}–{trait.high:.1f})" if trait.items > 1 else ""
    spread = f" ±{trait.spread:.1f}" if trait.spread is not None else ""
    return f"{trait.mean:.1f}{between}{spread}"


def _judged(verdicts: Sequence[Verdict], models: Sequence[str], judge: str) -> Iterable[Table]:
    known = trust(verdicts)
    if known is None:
        return
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
        "Wins of the comparisons that a model was in; more is better. It is asked in both orders, "
        "and undecided is what it says otherwise when they are swapped. It agrees with itself in "
        f"{known.agreement:.0%} of {counted(known.comparisons, 'comparison')} (chance is 50 %), "
        f"and takes the first reply in {known.first_place:.0%} (unbiased is 50 %).",
        tuple(
            Meaning(name, question, "wins of comparisons") for name, question in rubric().items()
        ),
    )  # fmt: skip


def _human(human: Sequence[Human]) -> Iterable[Table]:
    rows = [
        (each.model, _mean(each.stars), str(len(each.stars)), _share(each.thumbs),
         str(len(each.thumbs)))
        for each in human
    ]  # fmt: skip
    yield Table(
        "People", ("model", "stars", "rated", "thumbs up", "rated"), tuple(rows),
        "Your own ratings of this character's replies, in all chats. Stars go from 1 to 5: mean "
        "(95 % interval: percentile bootstrap over ratings); thumbs up: share (Wilson's 95 % "
        "interval). More is better.",
    )  # fmt: skip


def _agreement(
    measured: Sequence[Measured], verdicts: Sequence[Verdict], stars: Figure | None
) -> Table:
    known = [metric for metric in _known(measured) if metric in _COMPARED]
    series = {metric: _by_answer(measured, metric) for metric in known}
    series["judge"] = _wins(verdicts)
    rows = []
    for left, right in combinations([name for name, values in series.items() if values], 2):
        both = sorted(series[left].keys() & series[right].keys())
        found = agreement([series[left][k] for k in both], [series[right][k] for k in both])
        if found is not None and found.spearman == found.spearman:
            rows.append((
                f"{title(left)} – {title(right)}", f"{found.spearman:+.2f}",
                f"{found.spearman_low:+.2f} to {found.spearman_high:+.2f}", str(found.count),
            ))  # fmt: skip
    if stars is not None:
        between = f"{stars.low:+.2f} to {stars.high:+.2f}" if stars.low == stars.low else "–"
        rows.append(("your stars – live score", f"{stars.value:+.2f}", between, str(stars.count)))
    return Table(
        "Do the metrics agree?", ("pair", "Spearman", "95 % interval", "answers"), tuple(rows),
        "Spearman's rank correlation, -1 to 1: at 1 both put the answers into the same order "
        "(95 % interval: percentile bootstrap over answers; your stars over the replies you rated, "
        "which are others). An interval across 0 means that these answers do not show that the two "
        "say the same.",
    )  # fmt: skip


def _bars(measured: Sequence[Measured], models: Sequence[str]) -> dict[str, tuple[Bar, ...]]:
    found = {}
    for metric in _known(measured):
        bars = []
        for model in models:
            values = _values(measured, metric, model)
            if values:
                bars.append(Bar(model, *mean_interval(values)))
        found[metric] = tuple(bars)
    return found


def _known(measured: Sequence[Measured]) -> list[str]:
    there = {name for each in measured for name in each.values}
    return [name for name in METRICS if name in there]


def _values(measured: Sequence[Measured], metric: str, model: str) -> list[float]:
    """One for each question: answers under several seeds hang together."""
    return list(by_question(measured, metric, model).values())


def _by_answer(measured: Sequence[Measured], metric: str) -> dict[tuple[str, str, int], float]:
    return {_key(e.answer): e.values[metric] for e in measured if metric in e.values}


def _wins(verdicts: Sequence[Verdict]) -> dict[tuple[str, str, int], float]:
    """Share of decided comparisons an answer won, over dimensions and opponents."""
    won: dict[tuple[str, str, int], list[float]] = {}
    for verdict in verdicts:
        for model in (verdict.left, verdict.right) if verdict.winner else ():
            key = (model, verdict.question, verdict.seed)
            won.setdefault(key, []).append(float(verdict.winner == model))
    return {key: sum(values) / len(values) for key, values in won.items()}


def _key(answer: Answer) -> tuple[str, str, int]:
    return answer.model, answer.question, answer.seed


def _share(thumbs: Sequence[int]) -> str:
    """How many thumbs go up, with Wilson's interval, as ``rpterm stats`` tells it."""
    if not thumbs:
        return "–"
    low, high = wilson(sum(thumbs), len(thumbs))
    return f"{sum(thumbs) / len(thumbs):.0%} ({low:.0%}–{high:.0%})"


def _mean(values: Sequence[float]) -> str:
    if not values:
        return "–"
    mean, low, high = mean_interval(values)
    return f"{mean:.2f} ({low:.2f}–{high:.2f})" if len(values) > 1 else f"{mean:.2f}"
