"""A judging model compares pairs of replies in both orders, dimension by dimension.

A verdict counts only if it is the same in both orders. Otherwise it is a tie, and the share of ties
shows how far the judge can be trusted (Zheng et al. 2023, "Judging LLM-as-a-judge": small judges
prefer a position rather than a reply). On engines with grammars, one limits the answer to a letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from rpterm.cards.card import CharacterCard
from rpterm.engine.protocol import Engine
from rpterm.errors import RptermError
from rpterm.evaluation.answers import Answer
from rpterm.evaluation.questions import Question
from rpterm.evaluation.result_cache import ResultCache, cache_key
from rpterm.preference.stats.agreement import Proportion
from rpterm.prompt.oneshot import ask
from rpterm.scoring.resources import load_toml
from rpterm.types import Sampling

_SYSTEM = (
    "You compare two replies of the same role-play character. You read about the character, what "
    "was said to it, and the replies A and B. Answer with one letter, A or B, and nothing else."
)
_SAMPLING = Sampling(
    seed=0, max_tokens=2, temperature=0.0, repeat_penalty=1.0, dry_multiplier=0.0, min_p=0.0,
    grammar="root ::= [AB]",
)  # fmt: skip
_LONGEST = 1200


@dataclass(frozen=True, slots=True)
class JudgeVerdict:
    """The judge's verdict on two models' answers to one question.

    Attributes:
        left, right: The models' names.
        first, second: The name of the model it chose when ``left`` came first, and when ``left``
            came second; "" if it gave no answer.
    """

    dimension: str
    question: str
    seed: int
    left: str
    right: str
    first: str
    second: str

    @property
    def winner(self) -> str:
        """The model chosen in both orders, or ""."""
        return self.first if self.first == self.second else ""


@dataclass(frozen=True, slots=True)
class JudgeReliability:
    """How consistent the judge is.

    Attributes:
        agreement: Of the comparisons answered in both orders, those in which both gave the same
            winner; one half is chance.
        first_place: Of their answers, those that chose the first reply; one half is unbiased.
    """

    agreement: Proportion
    first_place: Proportion


def rubric() -> dict[str, str]:
    """The question for each dimension."""
    table = load_toml("rubric.toml", "rpterm.evaluation")
    return {each["name"]: each["question"] for each in table["dimension"]}


class Judge:
    """A judging model; its answers are cached."""

    def __init__(self, engine: Engine, known: ResultCache, setup: str = "") -> None:
        """Args:
        engine: The judging model, loaded with the first question.
        known: The cache.
        setup: The model and its settings; with others everything is asked anew.
        """
        self._engine, self._known, self._setup = engine, known, setup
        self._loaded = False

    def says(self, text: str) -> str:
        """``A``, ``B``, or "" if it gave no answer.

        Raises:
            RptermError: The model cannot be loaded, or its answer cannot be saved.
        """

        def answer() -> tuple[str, bool]:
            letter = self._ask(text)
            return letter, bool(letter)

        return str(self._known.get_or_compute(cache_key(self._setup, _SYSTEM, text), answer))

    def _ask(self, text: str) -> str:
        if not self._loaded:
            self._engine.load()
            self._loaded = True
        try:
            answer = ask(self._engine, _SYSTEM, text, _SAMPLING).strip().upper()
        except RptermError:
            return ""
        return answer[:1] if answer[:1] in ("A", "B") else ""


def compare(
    judge: Judge,
    card: CharacterCard,
    answers: Sequence[Answer],
    questions: dict[str, Question],
    on_step: Callable[[], object] = lambda: None,
) -> Iterator[JudgeVerdict]:
    """Compare every pair of models on every question that both answered with the same seed.

    Raises:
        RptermError: The judge cannot be loaded, or its answer cannot be saved.
    """
    for left, right in pairs(answers, questions):
        question = questions[left.question]
        for dimension, criterion in rubric().items():
            first = _choose(judge, card, question, criterion, left, right)
            second = _choose(judge, card, question, criterion, right, left)
            on_step()
            yield JudgeVerdict(
                dimension, question.name, left.seed, left.model, right.model, first, second
            )


def pairs(answers: Sequence[Answer], questions: dict[str, Question]) -> list[tuple[Answer, Answer]]:
    """Differing answers of two models to the same question with the same seed."""
    groups: dict[tuple[str, int], dict[str, Answer]] = {}
    for answer in answers:
        if questions[answer.question].kind != "personality":
            groups.setdefault((answer.question, answer.seed), {})[answer.model] = answer
    return [
        (by_model[left], by_model[right])
        for by_model in groups.values()
        for left, right in combinations(sorted(by_model), 2)
        if by_model[left].reply != by_model[right].reply
    ]


def reliability_of(verdicts: Sequence[JudgeVerdict]) -> JudgeReliability | None:
    """How consistent the judge is; ``None`` if nothing was compared."""
    answered = [each for each in verdicts if each.first and each.second]
    if not answered:
        return None
    firsts = sum((v.first == v.left) + (v.second == v.right) for v in answered)
    same = sum(bool(verdict.winner) for verdict in answered)
    return JudgeReliability(Proportion(same, len(answered)), Proportion(firsts, 2 * len(answered)))


def _choose(
    judge: Judge,
    card: CharacterCard,
    question: Question,
    criterion: str,
    first: Answer,
    second: Answer,
) -> str:
    about = " ".join((card.description, *card.attributes, *card.relations, *card.style))
    text = (
        f"The character {card.char}: {about[:_LONGEST]}\n\nSaid to {card.char}: "
        f"{question.user[-1]}\n\nA: {first.reply[:_LONGEST]}\n\nB: {second.reply[:_LONGEST]}\n\n"
        f"{criterion} Answer A or B."
    )
    return {"A": first.model, "B": second.model}.get(judge.says(text), "")
