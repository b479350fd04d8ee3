"""The answers of an evaluation, grouped by question, with all models side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rpterm.evaluation.answers import Answer
from rpterm.evaluation.judge import JudgeVerdict
from rpterm.evaluation.metrics import MeasuredAnswer
from rpterm.evaluation.questions import Question
from rpterm.evaluation.reply_scores import Reason


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """One model's answer.

    Attributes:
        chance: The probability that it is in character, or ``None`` if it could not be scored.
        low, high: The 90 % interval of that probability.
        won, compared: Comparisons by the judging model that it won, of those in which both orders
            agree.
    """

    model: str
    reply: str
    chance: float | None
    low: float
    high: float
    reasons: tuple[Reason, ...]
    won: int = 0
    compared: int = 0


@dataclass(frozen=True, slots=True)
class QuestionAnswers:
    """One question with one seed, and every model's answer."""

    question: str
    kind: str
    seed: int
    user: tuple[str, ...]
    references: tuple[str, ...]
    given: tuple[ModelAnswer, ...]


@dataclass(frozen=True, slots=True)
class RatedStatement:
    """One statement of the interview, with the ratings by model, one for each seed.

    Attributes:
        turned: Whether the statement is reversed: agreeing speaks against the trait.
    """

    trait: str
    statement: str
    turned: bool
    ratings: tuple[tuple[int, ...], ...]


def group_answers(
    measured: Sequence[MeasuredAnswer],
    questions: Mapping[str, Question],
    verdicts: Sequence[JudgeVerdict],
) -> tuple[QuestionAnswers, ...]:
    """The open questions with their answers, in the order they were asked."""
    by_question: dict[tuple[str, int], list[MeasuredAnswer]] = {}
    for each in measured:
        by_question.setdefault((each.answer.question, each.answer.seed), []).append(each)
    order = {name: at for at, name in enumerate(questions)}
    asked = []
    for name, seed in sorted(by_question, key=lambda key: (order[key[0]], key[1])):
        own = [each for each in verdicts if (each.question, each.seed) == (name, seed)]
        given = tuple(_given(each, own) for each in by_question[name, seed])
        question = questions[name]
        asked.append(
            QuestionAnswers(name, question.kind, seed, question.user, question.references, given)
        )
    return tuple(asked)


def group_ratings(
    answers: Sequence[Answer], models: Sequence[str], questions: Mapping[str, Question]
) -> tuple[RatedStatement, ...]:
    """The statements of the personality interview with their ratings."""
    ratings: dict[str, dict[str, list[int]]] = {}
    for answer in answers:
        if answer.rating is not None:
            by_model = ratings.setdefault(answer.question, {})
            by_model.setdefault(answer.model, []).append(answer.rating)
    return tuple(
        RatedStatement(
            question.trait, question.user[0], question.key < 0,
            tuple(tuple(ratings[name].get(model, ())) for model in models),
        )
        for name, question in questions.items() if name in ratings
    )  # fmt: skip


def _given(each: MeasuredAnswer, verdicts: Sequence[JudgeVerdict]) -> ModelAnswer:
    model, score = each.answer.model, each.score
    decided = [v for v in verdicts if v.winner and model in (v.left, v.right)]
    return ModelAnswer(
        model, each.answer.reply, score.values.get("in_character"), score.low, score.high,
        score.reasons, sum(v.winner == model for v in decided), len(decided),
    )  # fmt: skip
