"""Finds the right reply among twenty by the card: ``rpterm bench persona --convai2 FILE``.

- Task: rank ConvAI2's twenty candidates. All but the right one are drawn from other dialogues, so
  being on topic explains most, and the *drawn* terms are used (``choice_sets``). The language model
  reranks the ten best candidates.
- Task ``on_topic``: a reply written for its dialogue is on topic whoever wrote it. The live score
  compares the right reply with two hard negatives: what others said to the two most similar turns
  of the file (``hard_negatives``).
- Metrics: ``hits@1`` and ``mrr`` for the ranking, ``pairwise_on_topic`` (win rate) for the pairs,
  and the expected calibration error (ECE) of the probability "in character" of single replies, with
  equal total weight of right and wrong: ``ece`` among the ten reranked candidates, ``ece_no_lm``
  among all, ``ece_on_topic`` against the hard negatives. ``_interval`` is a 95 % bootstrap over
  questions; ``_noise`` is the mean ECE that a perfectly calibrated score has on a sample of this
  size. ``ece_choice`` is the ECE of the softmax over the candidates. ``reliability`` holds the
  points of the reliability diagram.
- Baselines: ``_no_lm`` without the language model, ``ablations`` with one feature left out or used
  alone.
- Protocol: the coefficients ship with the package, and personas of their training data are left
  out. With ``--crossed``, or if all personas are in the training data, none is left out: for each
  tenth of the personas terms are fitted on the other nine tenths, without the LoCoMo conversations
  that the shipped coefficients were fitted on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rpterm.bench import scoring_models
from rpterm.bench.choice_sets import (
    COLUMNS,
    FAST,
    SLOW,
    ChoiceSet,
    feature_rows,
    feature_signals,
    fit_drawn,
    fit_live,
    row_log_odds,
    with_likelihood_features,
)
from rpterm.bench.convai2 import Question, draw, read
from rpterm.bench.hard_negatives import HardNegatives
from rpterm.bench.metrics import (
    Judged,
    balanced_bins,
    calibration_error,
    calibration_figures,
    mean_figures,
    proportion,
    win_rate,
)
from rpterm.bench.progress import ReportProgress
from rpterm.bench.reliability_diagram import draw_reliability_diagram
from rpterm.errors import RptermError
from rpterm.scoring.coefficients import Coefficients, load_coefficients
from rpterm.scoring.combine import Term, sigmoid
from rpterm.scoring.embedding import EmbeddingCache
from rpterm.scoring.likelihood import Likelihood
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signals.card_and_context import recent_text

RERANKED = 10
_LIMIT = 200
_FOLDS = 10
TableOf = Callable[[str], Coefficients]
"""Maps a persona's key to the coefficients to judge it by."""


@dataclass(frozen=True, slots=True)
class MeasuredQuestion:
    """The features measured for one question.

    Attributes:
        fast: ``FAST`` of each candidate.
        asked: The candidates that the language model was asked about.
        slow: ``SLOW`` of each of ``asked``.
        near_fast, near_slow: The same for the right reply (first) and its hard negatives.
    """

    question: Question
    fast: NDArray[np.float64]
    asked: tuple[int, ...]
    slow: NDArray[np.float64]
    near_fast: NDArray[np.float64]
    near_slow: NDArray[np.float64]


def run(
    step: ReportProgress,
    convai2: Path,
    limit: int | None = None,
    cache: Path | None = None,
    picture: Path | None = None,
    crossed: bool = False,
) -> dict[str, Any]:
    """Measure the personas that the coefficients were not fitted on, or cross-validate on all."""
    table = load_coefficients()
    every, most = read(convai2), _LIMIT if limit is None else limit
    unseen = draw(every, most, table.personas)
    crossed = crossed or not unseen
    questions = draw(every, most, frozenset()) if crossed else unseen
    with scoring_models.open_models(cache) as (encode, likelihood):
        rivals = HardNegatives(every, encode)
        rows = measure(questions, rivals, encode, likelihood, table.drawn_fast, step)
    figures = report(rows, cross_validate(rows, table) if crossed else lambda _: table)
    if picture is not None:
        draw_reliability_diagram(figures["reliability"], picture, "In character, ConvAI2")
    return {"crossed": crossed, **figures}


def scene_of(question: Question) -> ReplyScene:
    """A dialogue of ConvAI2 as a scene, with the character to reply."""
    return pair_scene(question.persona, question.history)


def pair_scene(persona: Sequence[str], turns: Sequence[str]) -> ReplyScene:
    """Alternating turns of two speakers as a scene; the last turn is the user's."""
    count = len(turns)
    return ReplyScene(
        char="me",
        user="You",
        facts=tuple(Fact(f"card.attributes:{at}", text) for at, text in enumerate(persona)),
        history=tuple(((count - at) % 2 == 0, text) for at, text in enumerate(turns)),
    )


def measure(
    questions: Sequence[Question],
    rivals: HardNegatives,
    encode: EmbeddingCache,
    likelihood: Likelihood | None,
    drawn: Mapping[str, Term],
    step: ReportProgress = lambda done, total: None,
) -> list[MeasuredQuestion]:
    """All features of all questions; without a language model ``asked`` is empty.

    Args:
        drawn: Terms that select the candidates to ask the language model about.
    """
    fast_signals = feature_signals(encode)
    rows = []
    for at, question in enumerate(questions):
        scene = scene_of(question)
        encode([*question.persona, *question.history, *question.candidates, recent_text(scene)])
        fast = feature_rows(fast_signals, question.candidates, scene)
        order = np.argsort(-row_log_odds(fast, FAST, drawn), kind="stable")
        best = tuple(int(each) for each in order[:RERANKED])
        slow = with_likelihood_features(
            fast[list(best)], likelihood, [question.candidates[each] for each in best], scene
        )
        near = [question.candidates[question.gold], *rivals.of(question)]
        near_fast = feature_rows(fast_signals, near, scene)
        near_slow = with_likelihood_features(near_fast, likelihood, near, scene)
        asked = best if likelihood is not None else ()
        rows.append(MeasuredQuestion(question, fast, asked, slow, near_fast, near_slow))
        step(at + 1, len(questions))
    return rows


def drawn_terms(rows: Sequence[MeasuredQuestion], *, slow: bool) -> dict[str, Term]:
    """Terms for the task *drawn*."""
    return fit_drawn(_choices(rows, slow=slow), slow=slow)


def live_terms(
    rows: Sequence[MeasuredQuestion],
    drawn: Mapping[str, Term],
    more: Sequence[ChoiceSet] = (),
    *,
    slow: bool,
) -> dict[str, Term]:
    """Terms for the task *live*.

    Args:
        drawn: The terms that give the topic features their weights.
        more: Further choice sets.
    """
    near = [row.near_slow if slow else row.near_fast for row in rows]
    choices = [
        ChoiceSet(numbers, 0, f"{row.question.key} {at}")
        for at, (row, numbers) in enumerate(zip(rows, near, strict=True))
    ]
    right = np.array([numbers[0] for numbers in near])
    return fit_live([*choices, *more], right, drawn, slow=slow)


def _choices(rows: Sequence[MeasuredQuestion], *, slow: bool) -> list[ChoiceSet]:
    """One choice set per question, also if a persona has several questions."""
    found = []
    for at, row in enumerate(rows):
        asked = row.asked if slow else tuple(range(len(row.fast)))
        gold = row.question.gold
        right = asked.index(gold) if gold in asked else None
        found.append(ChoiceSet(row.slow if slow else row.fast, right, f"{row.question.key} {at}"))
    return found


def cross_validate(rows: Sequence[MeasuredQuestion], table: Coefficients) -> TableOf:
    """Cross-validation in ten folds: each persona's terms are fitted on other personas."""
    keys = sorted({row.question.key for row in rows})
    if len(keys) < 2:
        raise RptermError("Cross-validation needs at least two personas: one to fit, one to judge.")
    fold_of = {key: at % _FOLDS for at, key in enumerate(keys)}
    tables: dict[int, Coefficients] = {}
    for fold in sorted(set(fold_of.values())):
        train = [row for row in rows if fold_of[row.question.key] != fold]
        drawn = drawn_terms(train, slow=False)
        live = live_terms(train, drawn, slow=False)
        tables[fold] = replace(table, fast={**table.fast, **live}, drawn_fast=drawn)
        if train[0].asked:
            drawn = drawn_terms(train, slow=True)
            live = live_terms(train, drawn, slow=True)
            tables[fold] = replace(tables[fold], slow={**table.slow, **live}, drawn_slow=drawn)
    return lambda key: tables[fold_of[key]]


def report(rows: Sequence[MeasuredQuestion], of: TableOf) -> dict[str, Any]:
    """All figures with their intervals, and the ablations."""
    figures: dict[str, Any] = {"examples": len(rows)}
    slow = bool(rows) and bool(rows[0].asked)
    judged = [_judged(row, of(row.question.key)) for row in rows]
    if slow:
        figures |= _ranking_figures(_ranks(rows, of, slow=True), "")
        figures |= calibration_figures("ece", [with_lm for _, with_lm in judged])
    figures |= _ranking_figures(_ranks(rows, of), "_no_lm")
    figures |= calibration_figures("ece_no_lm", [no_lm for no_lm, _ in judged])
    bins = balanced_bins(each for no_lm, with_lm in judged for each in (with_lm if slow else no_lm))
    figures |= _on_topic_figures(rows, of, slow=False)
    if slow:
        figures |= _on_topic_figures(rows, of, slow=True)
    figures["ece_choice"] = round(_choice_error(rows, of), 4)
    figures["ablations"] = _ablations(rows, of, slow)
    figures["reliability"] = [list(each) for each in bins]
    return figures


def _judged(row: MeasuredQuestion, table: Coefficients) -> tuple[list[Judged], list[Judged]]:
    """The probability of each candidate as users see it, without and with the language model."""
    fast = row_log_odds(row.fast, FAST, table.drawn_fast, bounds=True)
    slow = row_log_odds(row.slow, SLOW, table.drawn_slow, bounds=True)
    gold = row.question.gold
    return (
        [(sigmoid(float(value)), at == gold) for at, value in enumerate(fast)],
        [(sigmoid(float(value)), at == gold) for at, value in zip(row.asked, slow, strict=True)],
    )


def _on_topic_figures(
    rows: Sequence[MeasuredQuestion], of: TableOf, *, slow: bool
) -> dict[str, Any]:
    """The right reply against its hard negatives, by the live score."""
    ending = "" if slow else "_no_lm"
    won, judged = [], []
    for row in rows:
        table = of(row.question.key)
        numbers, names = (row.near_slow, SLOW) if slow else (row.near_fast, FAST)
        if len(numbers) < 2:
            continue  # No other persona is in the file.
        odds = row_log_odds(numbers, names, table.slow if slow else table.fast, bounds=True)
        won.append(win_rate(odds[0], odds[1:].tolist()))
        judged.append([(sigmoid(float(value)), at == 0) for at, value in enumerate(odds)])
    return {
        **mean_figures(f"pairwise_on_topic{ending}", won),
        **calibration_figures(f"ece_on_topic{ending}", judged),
    }


def _ranking_figures(ranks: Sequence[int], ending: str) -> dict[str, Any]:
    hits = proportion(rank == 1 for rank in ranks)
    return {
        f"hits@1{ending}": hits["value"],
        f"hits@1{ending}_interval": [hits["low"], hits["high"]],
        **mean_figures(f"mrr{ending}", [1 / rank for rank in ranks]),
    }


def _ablations(rows: Sequence[MeasuredQuestion], of: TableOf, slow: bool) -> dict[str, Any]:
    """hits@1 with one feature left out, and with one feature alone."""
    found: dict[str, Any] = {}
    for name in COLUMNS[slow]:
        ranks = _ranks(rows, of, frozenset(SLOW) - {name}, slow=slow)
        found[f"without {name}"] = proportion(rank == 1 for rank in ranks)
    for name in FAST:
        ranks = _ranks(rows, of, frozenset([name]))
        found[f"{name} alone"] = proportion(rank == 1 for rank in ranks)
    return found


def _ranks(
    rows: Sequence[MeasuredQuestion],
    of: TableOf,
    kept: Collection[str] = SLOW,
    *,
    slow: bool = False,
) -> list[int]:
    """The rank of the right candidate, from 1; ties count against it.

    Args:
        kept: The features used; with ``slow``, only for the order among ``MeasuredQuestion.asked``.
        slow: Rerank ``MeasuredQuestion.asked`` with the language model and put them before all
        others.
    """
    found = []
    for row in rows:
        table = of(row.question.key)
        order = row_log_odds(
            row.fast, FAST, table.drawn_fast if slow else _only(table.drawn_fast, kept)
        )
        if slow:
            above_all_others = float(order.max()) + 1000.0
            odds = row_log_odds(row.slow, SLOW, _only(table.drawn_slow, kept))
            order[list(row.asked)] = above_all_others + odds
        gold = row.question.gold
        found.append(int((order >= order[gold]).sum()))
    return found


def _only(terms: Mapping[str, Term], kept: Collection[str]) -> dict[str, Term]:
    return {name: term for name, term in terms.items() if name in kept}


def _choice_error(rows: Sequence[MeasuredQuestion], of: TableOf) -> float:
    """The ECE of the softmax probability of the first candidate."""
    best, hit = [], []
    for row in rows:
        odds = row_log_odds(row.fast, FAST, of(row.question.key).drawn_fast)
        raised = np.exp(odds - odds.max())
        best.append(float((raised / raised.sum()).max()))
        hit.append(int(odds.argmax()) == row.question.gold)
    return calibration_error(best, hit)
