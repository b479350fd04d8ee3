"""Answers that depend on what was said long ago: ``rpterm bench told --locomo FILE``.

- Task: the dialogue is the LoCoMo session that contains the evidence, followed by the question. The
  right answer competes with three answers to other questions of the same kind about the same two
  people.
- Metric: ``pairwise``, the win rate of the right answer by the live score, with a 95 % bootstrap
  over questions; ``_no_lm`` without the language model; ``… alone`` by one signal. An answer to
  another question may fit this dialogue, too, so the maximum is below 1.
- Baseline: ``pairwise_tfidf``, by the TF-IDF cosine with the most similar turn.
- Protocol: the coefficients ship with the package; conversations in their training data are left
  out.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rpterm.bench import scoring_models
from rpterm.bench.choice_sets import (
    FAST,
    SLOW,
    ChoiceSet,
    feature_rows,
    feature_signals,
    row_log_odds,
    with_likelihood_features,
)
from rpterm.bench.locomo import Conversation, Question, read
from rpterm.bench.metrics import mean_figures, win_rate
from rpterm.bench.progress import ReportProgress
from rpterm.errors import RptermError
from rpterm.scoring.coefficients import load_coefficients
from rpterm.scoring.embedding import EmbeddingCache
from rpterm.scoring.likelihood import Likelihood
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.texts import TfIdf, cosine_similarity

_LIMIT = 200
_SEED = 11
_WRONG = 3
_KINDS = ("single-hop", "multi-hop", "temporal")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question after its dialogue; the first answer is the right one."""

    talk: str
    scene: ReplyScene
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """The features of each answer; ``slow`` is empty without a language model."""

    asked: Asked
    tfidf: NDArray[np.float64]
    fast: NDArray[np.float64]
    slow: NDArray[np.float64]


def run(
    step: ReportProgress, locomo: Path, limit: int | None = None, cache: Path | None = None
) -> dict[str, Any]:
    """Measure the conversations that the coefficients were not fitted on."""
    table = load_coefficients()
    talks = [talk for talk in read(locomo) if talk.name not in table.talks]
    questions = draw(talks, _LIMIT if limit is None else limit)
    if not questions:
        raise RptermError(
            f"The score was fitted on every conversation of {locomo}: use another file."
        )
    with scoring_models.open_models(cache) as (encode, likelihood):
        return report(measure(questions, encode, likelihood, step))


def draw(talks: Sequence[Conversation], limit: int) -> list[Asked]:
    """A random sample of at most ``limit`` questions with a fixed seed; 0 is all."""
    rng = random.Random(_SEED)
    every = [asked for talk in talks for asked in _questions(talk, rng)]
    rng.shuffle(every)
    return every[:limit] if limit else every


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


def _scene(talk: Conversation, question: Question) -> ReplyScene:
    """The speaker of the evidence is the character; the other speaker asks."""
    first = talk.turns[min(question.evidence)]
    turns = [turn for turn in talk.turns if turn.session == first.session]
    history = tuple((turn.speaker == first.speaker, turn.text) for turn in turns)
    return ReplyScene(char="me", user="You", history=(*history, (False, question.text)))


def measure(
    questions: Sequence[Asked],
    encode: EmbeddingCache,
    likelihood: Likelihood | None,
    step: ReportProgress = lambda done, total: None,
) -> list[Answered]:
    """All features of all answers."""
    fast_signals = feature_signals(encode)
    answered = []
    for at, asked in enumerate(questions):
        fast = feature_rows(fast_signals, asked.answers, asked.scene)
        slow = with_likelihood_features(fast, likelihood, asked.answers, asked.scene)
        answered.append(Answered(asked, _tfidf(asked), fast, slow))
        step(at + 1, len(questions))
    return answered


def _tfidf(asked: Asked) -> NDArray[np.float64]:
    """The cosine of each answer with the most similar turn."""
    turns = [text for _, text in asked.scene.history[:-1]]
    rarity = TfIdf(turns)
    vectors = [rarity.vector(text) for text in turns]
    return np.array(
        [max(cosine_similarity(rarity.vector(x), y) for y in vectors) for x in asked.answers]
    )


def choices(answered: Sequence[Answered], *, slow: bool) -> list[ChoiceSet]:
    """The choice sets, for fitting."""
    return [
        ChoiceSet(each.slow if slow else each.fast, 0, f"{each.asked.talk} {at}")
        for at, each in enumerate(answered)
    ]


def report(answered: Sequence[Answered]) -> dict[str, Any]:
    """The win rates with their 95 % intervals over questions."""
    table = load_coefficients()
    figures: dict[str, Any] = {"questions": len(answered)}
    if len(answered[0].slow):
        odds = [row_log_odds(each.slow, SLOW, table.slow) for each in answered]
        figures |= _win_rate("pairwise", odds)
    odds = [row_log_odds(each.fast, FAST, table.fast) for each in answered]
    figures |= _win_rate("pairwise_no_lm", odds)
    figures |= _win_rate("pairwise_tfidf", [each.tfidf for each in answered])
    for at, name in enumerate(FAST):
        if any(each.fast[:, at].any() for each in answered):
            figures |= _win_rate(f"{name} alone", [each.fast[:, at] for each in answered])
    return figures


def _win_rate(name: str, scores: Sequence[NDArray[np.float64]]) -> dict[str, Any]:
    return mean_figures(name, [win_rate(row[0], row[1:].tolist()) for row in scores])
