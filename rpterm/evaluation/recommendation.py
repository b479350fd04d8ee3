"""Recommends a model and says why, claiming no more than the figures show.

Two models are compared on the questions that both answered, so that hard questions are hard for
both. The seeds of one question are not independent, so the bootstrap resamples questions. Because
the best of several models is chosen by the same figures, the intervals are corrected for all
comparisons of a report (Bonferroni): together they miss in 5 %.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from rpterm.evaluation.agreement import LEAST
from rpterm.evaluation.judge import JudgeVerdict, reliability_of
from rpterm.evaluation.metrics import MeasuredAnswer, mean_interval
from rpterm.humanize import counted
from rpterm.preference.stats.agreement import Proportion
from rpterm.preference.stats.intervals import wilson


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The recommendation, and the sentences that support it."""

    headline: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Lead:
    """How far the best model is ahead of another; unbounded if there are too few questions."""

    other: str
    questions: int
    mean: float
    low: float
    high: float


def recommend(
    measured: Sequence[MeasuredAnswer],
    models: Sequence[str],
    verdicts: Sequence[JudgeVerdict] = (),
    judge: str = "",
) -> Recommendation:
    """Which of the models answers most in character.

    Args:
        measured: The metrics of all answers.
        models: The models' names.
        verdicts: What the judging model said, if there was one.
        judge: The judging model's name.
    """
    by_model = {model: by_question(measured, "in_character", model) for model in models}
    means = {model: statistics.fmean(v.values()) for model, v in by_model.items() if v}
    if not means:
        return Recommendation("No answer could be scored.", ())
    best = max(means, key=lambda model: means[model])
    if len(models) < 2:
        return Recommendation(
            "Only one model was evaluated. Give several to choose between them.",
            (f"{best} is in character with {means[best]:.0%} on average.",),
        )
    leads = [_lead(by_model[best], by_model[other], other, len(models))
             for other in models if other != best]  # fmt: skip
    reasons = [_lead_sentence(best, lead, means) for lead in leads]
    reasons += _judge_sentences(verdicts, best, models, judge)
    return Recommendation(_headline(best, leads), tuple(reasons))


def by_question(measured: Sequence[MeasuredAnswer], metric: str, model: str) -> dict[str, float]:
    """A model's mean over the seeds of each question."""
    values: dict[str, list[float]] = {}
    for each in measured:
        if each.answer.model == model and metric in each.values:
            values.setdefault(each.answer.question, []).append(each.values[metric])
    return {question: statistics.fmean(own) for question, own in values.items()}


def _lead(best: Mapping[str, float], other: Mapping[str, float], name: str, models: int) -> _Lead:
    differences = [best[question] - other[question] for question in best if question in other]
    if len(differences) < LEAST:
        mean = statistics.fmean(differences) if differences else 0.0
        return _Lead(name, len(differences), mean, float("-inf"), float("inf"))
    pairs = models * (models - 1) // 2
    interval = mean_interval(differences, 4000, alpha=0.05 / pairs, limits=(-1.0, 1.0))
    return _Lead(name, len(differences), *interval)


def _headline(best: str, leads: Sequence[_Lead]) -> str:
    undecided = [lead for lead in leads if lead.low <= 0]
    if not undecided:
        return f"Take {best}: its answers are the most in character."
    if any(lead.questions < LEAST for lead in undecided):
        return (
            f"There are too few questions to choose: {best} has the highest mean, but that may be "
            f"chance. At least {LEAST} questions are needed."
        )
    if len(undecided) < len(leads):
        names = ", ".join(lead.other for lead in undecided)
        return f"{best} has the highest mean, but is not shown to be better than {names}."
    return (
        f"No model is shown to be the most in character: {best} has the highest mean, but that may "
        "be chance. Take the faster one, or ask more (--seeds, --probes)."
    )


def _lead_sentence(best: str, lead: _Lead, means: Mapping[str, float]) -> str:
    if lead.other not in means:
        return f"{lead.other} gave no answer that could be scored."
    sentence = (
        f"In character: {best} {means[best]:.2f}, {lead.other} {means[lead.other]:.2f}; "
        f"difference over the {counted(lead.questions, 'question')} that both answered: "
        f"{lead.mean:+.2f}"
    )
    if lead.questions < LEAST:
        return f"{sentence}, too few to tell."
    clear = "more than chance explains" if lead.low > 0 else "which may be chance"
    return f"{sentence} (interval {lead.low:+.2f} to {lead.high:+.2f}), {clear}."


def _judge_sentences(
    verdicts: Sequence[JudgeVerdict], best: str, models: Sequence[str], judge: str
) -> list[str]:
    reliability = reliability_of(verdicts)
    if reliability is None:
        return []
    sentences = [_agreement_sentence(reliability.agreement, judge)]
    if reliability.agreement.interval[0] <= 0.5:
        return sentences
    for one, other in combinations(models, 2):
        pair = (one, other) if best != other else (other, one)
        won, lost = _questions_won(verdicts, *pair)
        if won + lost:
            low, high = wilson(won, won + lost)
            sentences.append(
                f"It prefers {pair[0]} to {pair[1]} on {won} of {won + lost} questions "
                f"(95 % interval {low:.0%} to {high:.0%})."
            )
    return sentences


def _agreement_sentence(agreement: Proportion, judge: str) -> str:
    """How far the judge agrees with itself; only above one half it can be relied on."""
    sentence = (
        f"The judging model, {judge}, gives the same verdict in {agreement.value:.0%} of "
        f"{counted(agreement.total, 'comparison')} when the order is swapped"
    )
    low, high = agreement.interval
    if low > 0.5:
        return f"{sentence}."
    if high < 0.5:
        return f"{sentence}, so it judges by the position of a reply: do not rely on it."
    return f"{sentence}, which may be chance: do not rely on it."


def _questions_won(verdicts: Sequence[JudgeVerdict], one: str, other: str) -> tuple[int, int]:
    """How many questions each of two models won.

    A question is won by more verdicts over its seeds and dimensions, which are not independent.
    """
    margins: dict[str, int] = {}
    for each in verdicts:
        if {each.left, each.right} == {one, other} and each.winner:
            step = 1 if each.winner == one else -1
            margins[each.question] = margins.get(each.question, 0) + step
    won = sum(margin > 0 for margin in margins.values())
    return won, sum(margin < 0 for margin in margins.values())
