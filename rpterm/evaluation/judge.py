"""A model compares two replies, in both orders, dimension by dimension.

A verdict counts only when it is the same in both orders; otherwise it is a tie that says how far
the judge can be trusted (Zheng et al. 2023, "Judging LLM-as-a-judge": small judges favour a place
more than a reply). Engines that know grammars are held to one letter by one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import combinations

from rpterm.asking import ask
from rpterm.cards.card import CharacterCard
from rpterm.engine.protocol import Engine
from rpterm.evaluation.answers import Answer
from rpterm.evaluation.lines import Known, mark
from rpterm.evaluation.questions import Question
from rpterm.types import RptermError, Sampling

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
class Verdict:
    """What the judge said of two models' answers to one question.

    Attributes:
        first, second: What it chose when ``left`` came first, and when it came second: the
            model's name; "" where it gave no answer.
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
        """The model both orders agree on, or ""."""
        return self.first if self.first == self.second else ""


@dataclass(frozen=True, slots=True)
class Trust:
    """How far the judge agrees with itself.

    Attributes:
        agreement: Share of comparisons where both orders gave the same winner; 0.5 is chance.
        first_place: Share of answers for whatever came first; 0.5 is unbiased.
    """

    comparisons: int
    agreement: float
    first_place: float


@cache
def rubric() -> dict[str, str]:
    """The question of each dimension."""
    text = resources.files("rpterm.evaluation").joinpath("rubric.toml").read_text("utf-8")
    return {each["name"]: each["question"] for each in tomllib.loads(text)["dimension"]}


class Judge:
    """A model that judges; what it said is kept.

    Args:
        setup: Which model it is and how it is set; another one is asked anew.
    """

    def __init__(self, engine: Engine, known: Known, setup: str = "") -> None:
        self._engine, self._known, self._setup = engine, known, setup
        self._loaded = False

    def says(self, text: str) -> str:
        """``A``, ``B``, or "" where it gave no answer.

        Raises:
            RptermError: It cannot be used at all, or its answer cannot be kept.
        """

        def asked() -> tuple[str, bool]:
            letter = self._asked(text)
            return letter, bool(letter)

        return str(self._known.or_made(mark(self._setup, _SYSTEM, text), asked))

    def _asked(self, text: str) -> str:
        if not self._loaded:
            self._engine.load()
            self._loaded = True
        try:
            said = ask(self._engine, _SYSTEM, text, _SAMPLING).strip().upper()
        except RptermError:
            return ""
        return said[:1] if said[:1] in ("A", "B") else ""


def compare(
    judge: Judge,
    card: CharacterCard,
    answers: Sequence[Answer],
    questions: dict[str, Question],
    on_step: Callable[[], object] = lambda: None,
) -> Iterator[Verdict]:
    """Every pair of models on every question both answered under the same seed.

    Raises:
        RptermError: The judge cannot be used at all, or what it says cannot be kept.
    """
    for left, right in pairs(answers, questions):
        question = questions[left.question]
        for dimension, asked in rubric().items():
            first = _choice(judge, card, question, asked, left, right)
            second = _choice(judge, card, question, asked, right, left)
            on_step()
            yield Verdict(
                dimension, question.name, left.seed, left.model, right.model, first, second
            )


def pairs(answers: Sequence[Answer], questions: dict[str, Question]) -> list[tuple[Answer, Answer]]:
    """Answers of different models to the same question under the same seed, and not the same."""
    groups: dict[tuple[str, int], dict[str, Answer]] = {}
    for answer in answers:
        if questions[answer.question].kind != "personality":
            groups.setdefault((answer.question, answer.seed), {})[answer.model] = answer
    return [
        (one[left], one[right])
        for one in groups.values()
        for left, right in combinations(sorted(one), 2)
        if one[left].reply != one[right].reply
    ]


def trust(verdicts: Sequence[Verdict]) -> Trust | None:
    """``None`` when nothing was compared."""
    whole = [each for each in verdicts if each.first and each.second]
    if not whole:
        return None
    firsts = sum((v.first == v.left) + (v.second == v.right) for v in whole)
    same = sum(bool(verdict.winner) for verdict in whole)
    return Trust(len(whole), same / len(whole), firsts / (2 * len(whole)))


def _choice(
    judge: Judge,
    card: CharacterCard,
    question: Question,
    asked: str,
    first: Answer,
    second: Answer,
) -> str:
    about = " ".join((card.description, *card.attributes, *card.relations, *card.style))
    text = (
        f"The character {card.char}: {about[:_LONGEST]}\n\nSaid to {card.char}: "
        f"{question.user[-1]}\n\nA: {first.reply[:_LONGEST]}\n\nB: {second.reply[:_LONGEST]}\n\n"
        f"{asked} Answer A or B."
    )
    return {"A": first.model, "B": second.model}.get(judge.says(text), "")
