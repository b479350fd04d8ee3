"""Prints the report of an evaluation: tables with legends, the recommendation, and the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.cli import out, rich_out

if TYPE_CHECKING:
    from rpterm.evaluation.answers_by_question import ModelAnswer, QuestionAnswers
    from rpterm.evaluation.legend import MetricMeaning
    from rpterm.evaluation.report import EvaluationReport


MOST_ROWS = 12
"""Rows of a table in the terminal; of the many pairs of metrics, the telling ones come first."""


def print_evaluation(report: EvaluationReport, *, answers: bool = False) -> None:
    """Print a report.

    Args:
        answers: Whether to print every answer, too.
    """
    shown = rich_out.Output()
    if answers:
        for asked in report.answers:
            _show_answers(shown, asked)
        _show_interview(shown, report)
    for table in report.tables:
        shown.say(f"\n{table.title}", "bold")
        shown.table(table.heads, table.rows[:MOST_ROWS])
        if (left_out := len(table.rows) - MOST_ROWS) > 0:
            shown.hang(f"… {left_out} more rows: --html and --json have them.", "dim")
        if table.note:
            shown.say(table.note, "dim")
        for meaning in table.legend:
            shown.hang(f"{meaning.name}: {_explained(meaning)}", "dim")
    shown.say(f"\n{report.choice.headline}", "bold")
    for reason in report.choice.reasons:
        shown.say(reason)
    if not answers:
        shown.say("--answers prints the answers; --html writes a complete page.")


def _explained(meaning: MetricMeaning) -> str:
    return f"{meaning.means} {meaning.span}, {meaning.better}."


def _show_answers(shown: rich_out.Output, asked: QuestionAnswers) -> None:
    """Print one question and every model's answer, one below the other."""
    question = " / ".join(asked.user)
    shown.say(f"\n{asked.kind}, seed {asked.seed}: {question}", "bold")
    for reference in asked.references:
        shown.hang(f"reference: {reference}", "dim")
    for given in asked.given:
        shown.hang(f"{given.model}: {out.one_line(given.reply)}")
        for line in _score_lines(given):
            shown.hang(line, "dim", by=4)


def _score_lines(given: ModelAnswer) -> list[str]:
    """The score of an answer with its 90 % interval, and the reasons for it."""
    if given.chance is None:
        return ["no score"]
    score = f"{given.chance:.0%} in character (90 % interval {given.low:.0%}–{given.high:.0%})"
    if given.compared:
        score += f", judged better in {given.won} of {given.compared} comparisons"
    return [score, *(f"{'+' if each.good else '−'} {each.text}" for each in given.reasons)]


def _show_interview(shown: rich_out.Output, report: EvaluationReport) -> None:
    if not report.interview:
        return
    rows = [
        (f"{each.trait}{' (reversed)' if each.turned else ''}", each.statement,
         *(" ".join(map(str, ratings)) or "–" for ratings in each.ratings))
        for each in report.interview
    ]  # fmt: skip
    shown.say("\nInterview: 1 not me at all, 5 exactly me", "bold")
    shown.table(("trait", "statement", *report.models), rows)
