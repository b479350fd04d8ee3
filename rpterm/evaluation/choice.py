"""Which model to take, and why: no more than the figures show. Pure.

Two models are compared on the questions that both answered, so that hard questions are hard for
both; seeds of one question hang together, and questions are what the bootstrap draws. The interval
leaves out 5 % for all comparisons of a report together (Bonferroni): the best of several is chosen
by the same figures.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from rpterm.evaluation.agreement import LEAST
from rpterm.evaluation.judge import Trust, Verdict, trust
from rpterm.evaluation.metrics import Measured, mean_interval
from rpterm.plural import counted
from rpterm.preference.stats.intervals import wilson


@dataclass(frozen=True, slots=True)
class Choice:
    """What to do, and the sentences it rests on."""

    headline: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Lead:
    """How far the best is before another; ``None`` without enough questions."""

    other: str
    questions: int
    mean: float
    low: float
    high: float


def choice(
    measured: Sequence[Measured],
    models: Sequence[str],
    verdicts: Sequence[Verdict] = (),
    judge: str = "",
) -> Choice:
    """Which of the models answers most in character.

    Args:
        judge: What the judging model is called.
    """
    by_model = {model: by_question(measured, "in_character", model) for model in models}
    means = {model: statistics.fmean(v.values()) for model, v in by_model.items() if v}
    if not means:
        return Choice("No answer could be scored.", ())
    best = max(means, key=lambda model: means[model])
    if len(models) < 2:
        return Choice(
            "Only one model was asked; name several to choose between them.",
            (f"{best} is in character with {means[best]:.0%} on average.",),
        )
    leads = [_lead(by_model[best], by_model[other], other, len(models))
             for other in models if other != best]  # fmt: skip
    reasons = [_told(best, lead, means) for lead in leads]
    reasons += _judged(verdicts, best, models, judge)
    return Choice(_headline(best, leads), tuple(reasons))


def by_question(measured: Sequence[Measured], metric: str, model: str) -> dict[str, float]:
    """A model's mean over the seeds of each question."""
    found: dict[str, list[float]] = {}
    for each in measured:
        if each.answer.model == model and metric in each.values:
            found.setdefault(each.answer.question, []).append(each.values[metric])
    return {question: statistics.fmean(values) for question, values in found.items()}


def _lead(best: Mapping[str, float], other: Mapping[str, float], name: str, models: int) -> _Lead:
    both = [best[question] - other[question] for question in best if question in other]
    if len(both) < LEAST:
        mean = statistics.fmean(both) if both else 0.0
        return _Lead(name, len(both), mean, float("-inf"), float("inf"))
    pairs = models * (models - 1) // 2
    return _Lead(name, len(both), *mean_interval(both, 4000, doubt=0.05 / pairs))


def _headline(best: str, leads: Sequence[_Lead]) -> str:
    open_ones = [lead for lead in leads if lead.low <= 0]
    if not open_ones:
        return f"Take {best}: its answers are the most in character."
    if any(lead.questions < LEAST for lead in open_ones):
        return (
            f"Too little was asked to choose: {best} has the highest mean, which may be chance. "
            f"It takes {LEAST} questions at least."
        )
    if len(open_ones) < len(leads):
        names = ", ".join(lead.other for lead in open_ones)
        return f"{best} has the highest mean; nothing here tells it from {names}."
    return (
        f"None is shown to be the most in character: {best} has the highest mean, which may be "
        "chance. Take what is faster, or ask more (--seeds, --probes)."
    )


def _told(best: str, lead: _Lead, means: Mapping[str, float]) -> str:
    if lead.other not in means:
        return f"{lead.other} gave no answer that could be scored."
    said = (
        f"In character: {best} {means[best]:.2f}, {lead.other} {means[lead.other]:.2f}; over the "
        f"{counted(lead.questions, 'question')} that both answered {lead.mean:+.2f}"
    )
    if lead.questions < LEAST:
        return f"{said}, too few to tell."
    clear = "more than chance makes" if lead.low > 0 else "which chance makes, too"
    return f"{said} (interval {lead.low:+.2f} to {lead.high:+.2f}), {clear}."


def _judged(verdicts: Sequence[Verdict], best: str, models: Sequence[str], judge: str) -> list[str]:
    known = trust(verdicts)
    if known is None:
        return []
    said = [_trusted(known, judge)]
    for one, other in combinations(models, 2):
        pair = (one, other) if best != other else (other, one)
        won, lost = _questions(verdicts, *pair)
        if won + lost:
            low, high = wilson(won, won + lost)
            said.append(
                f"It prefers {pair[0]} to {pair[1]} on {won} of {won + lost} questions "
                f"(95 % interval {low:.0%} to {high:.0%})."
            )
    return said


def _trusted(known: Trust, judge: str) -> str:
    words = (
        f"The judging model, {judge}, gives the same verdict in {known.agreement:.0%} of "
        f"{counted(known.comparisons, 'comparison')} when the order is swapped"
    )
    low, high = wilson(round(known.agreement * known.comparisons), known.comparisons)
    if high < 0.5:
        return f"{words}, so it goes by the place of a reply: do not go by it."
    if low <= 0.5:
        return f"{words}, which chance may make, too: do not go by it."
    return f"{words}."


def _questions(verdicts: Sequence[Verdict], one: str, other: str) -> tuple[int, int]:
    """Questions on which more verdicts are for one model than for the other, over seeds and
    dimensions; those of one question hang together."""
    sums: dict[str, int] = {}
    for each in verdicts:
        if {each.left, each.right} == {one, other} and each.winner:
            step = 1 if each.winner == one else -1
            sums[each.question] = sums.get(each.question, 0) + step
    return sum(value > 0 for value in sums.values()), sum(value < 0 for value in sums.values())
