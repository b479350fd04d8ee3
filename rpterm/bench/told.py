"""The right answer about a talk that went on for long: ``rpterm bench told --locomo FILE``.

The talk is the one session of LoCoMo that holds the evidence, then the question. Which of two
answers rates higher: the right one, or one to another question of the same kind about the same two
people? ``pairwise_tfidf`` is what the words of the nearest turn would say. The terms are frozen;
the conversations that they were fitted on are left out. An answer to another question may be near
to this talk, too: the most that can be had is below 1.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rpterm.bench.choices import FAST, SLOW, Choice, log_odds_of, signals, values, with_lift
from rpterm.bench.figures import above, mean_figures
from rpterm.bench.locomo import Conversation, Question, read
from rpterm.bench.printing import Step
from rpterm.scoring.embedding import Remembered
from rpterm.scoring.frozen import frozen
from rpterm.scoring.likelihood import Likelihood
from rpterm.scoring.records import Scene
from rpterm.scoring.texts import Rarity, dot
from rpterm.types import RptermError

_LIMIT = 200
_SEED = 11
_WRONG = 3
_KINDS = ("single-hop", "multi-hop", "temporal")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question after its talk; the first answer is the right one."""

    talk: str
    scene: Scene
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What was measured of each answer; ``slow`` is empty without a language model."""

    asked: Asked
    tfidf: NDArray[np.float64]
    fast: NDArray[np.float64]
    slow: NDArray[np.float64]


def main(
    locomo: Path, json: bool = False, limit: int | None = None, cache: Path | None = None
) -> None:
    """Measure and print, with a bar on standard error."""
    from rpterm.bench.opening import models
    from rpterm.bench.printing import with_bar

    table = frozen()
    talks = [talk for talk in read(locomo) if talk.name not in table.talks]
    questions = draw(talks, _LIMIT if limit is None else limit)
    if not questions:
        raise RptermError(f"The score was fitted on every conversation of {locomo}.")
    with models(cache) as (encode, likelihood):
        with_bar(lambda step: report(measure(questions, encode, likelihood, step)), json)


def draw(talks: Sequence[Conversation], limit: int) -> list[Asked]:
    """At most ``limit`` questions, by a fixed seed; 0 is all."""
    rng = random.Random(_SEED)
    found = [asked for talk in talks for asked in _questions(talk, rng)]
    rng.shuffle(found)
    return found[:limit] if limit else found


def _questions(talk: Conversation, rng: random.Random) -> list[Asked]:
    found = []
    for question in talk.questions:
        others = [
            each.answer
            for each in talk.questions
            if each.category == question.category and each.answer not in ("", question.answer)
        ]
        if question.category in _KINDS and question.answer and len(others) >= _WRONG:
            answers = (question.answer, *rng.sample(others, _WRONG))
            found.append(Asked(talk.name, _scene(talk, question), answers))
    return found


def _scene(talk: Conversation, question: Question) -> Scene:
    """Who said the evidence is the character; the other one asks."""
    first = talk.turns[min(question.evidence)]
    turns = [turn for turn in talk.turns if turn.session == first.session]
    history = tuple((turn.speaker == first.speaker, turn.text) for turn in turns)
    return Scene(char="me", user="You", history=(*history, (False, question.text)))


def measure(
    questions: Sequence[Asked],
    encode: Remembered,
    likelihood: Likelihood | None,
    step: Step = lambda done, total: None,
) -> list[Answered]:
    """All numbers of all answers."""
    quick = signals(encode)
    found = []
    for at, asked in enumerate(questions):
        fast = values(quick, asked.answers, asked.scene)
        slow = with_lift(fast, likelihood, asked.answers, asked.scene)
        found.append(Answered(asked, _tfidf(asked), fast, slow))
        step(at + 1, len(questions))
    return found


def _tfidf(asked: Asked) -> NDArray[np.float64]:
    turns = [text for _, text in asked.scene.history[:-1]]
    rarity = Rarity(turns)
    heard = [rarity.vector(text) for text in turns]
    return np.array([max(dot(rarity.vector(x), y) for y in heard) for x in asked.answers])


def choices(answered: Sequence[Answered], *, slow: bool) -> list[Choice]:
    """What terms are fitted on."""
    return [
        Choice(each.slow if slow else each.fast, 0, f"{each.asked.talk} {at}")
        for at, each in enumerate(answered)
    ]


def report(answered: Sequence[Answered]) -> dict[str, Any]:
    """The shares of pairs won, with their 95 % intervals over questions."""
    table = frozen()
    figures: dict[str, Any] = {"questions": len(answered)}
    if len(answered[0].slow):
        figures |= _share("pairwise", [log_odds_of(x.slow, SLOW, table.slow) for x in answered])
    figures |= _share("pairwise_no_lm", [log_odds_of(x.fast, FAST, table.fast) for x in answered])
    figures |= _share("pairwise_tfidf", [x.tfidf for x in answered])
    for at, name in enumerate(FAST):
        if any(each.fast[:, at].any() for each in answered):
            figures |= _share(f"{name} alone", [each.fast[:, at] for each in answered])
    return figures


def _share(name: str, rated: Sequence[NDArray[np.float64]]) -> dict[str, Any]:
    return mean_figures(name, [above(row[0], row[1:].tolist()) for row in rated])
