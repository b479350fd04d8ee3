"""The right reply of twenty, by the card: ``rpterm bench persona --convai2 FILE``.

The twenty are drawn from other talks but for the right one, so being to the point tells most, and
the terms are those for such lines (``choices``). A reply made for its talk is to the point whoever
makes it: ``on_topic`` holds the right one, by the terms of the live score, against what others said
to the two likest turns of the file (``rivals``).

The terms are frozen in the package; personas that they were fitted on are left out. With
``--crossed``, and where every persona was fitted on, none is left out: for each tenth of the
personas terms are fitted on the other nine, without the talks of LoCoMo that the frozen ones know.
The language model is asked for the ten candidates that are best without it.

``ece`` is the calibration error of the probability "in character" of single replies: right ones
against those (hard) wrong ones, ``ece_no_lm`` against all; ``ece_on_topic`` by the live score
against rivals. Right and wrong count the same in sum. Few right replies make an error of their own:
``ece_noise`` is what a perfectly calibrated score would have on as many, on average, and
``ece_interval`` a bootstrap over questions. ``ece_choice`` is the error of the choice among the
candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rpterm.bench.choices import (
    COLUMNS,
    FAST,
    SLOW,
    Choice,
    fit_drawn,
    fit_live,
    log_odds_of,
    signals,
    values,
    with_lift,
)
from rpterm.bench.convai2 import Question, draw, read
from rpterm.bench.figures import (
    above,
    balanced_bins,
    calibration_error,
    error_figures,
    mean_figures,
    share,
)
from rpterm.bench.printing import Step
from rpterm.bench.rivals import Rivals
from rpterm.scoring.combine import Term, chance
from rpterm.scoring.embedding import Remembered
from rpterm.scoring.frozen import Frozen, frozen
from rpterm.scoring.likelihood import Likelihood
from rpterm.scoring.records import Fact, Scene
from rpterm.scoring.signals.fitting import recent
from rpterm.types import RptermError

RERANKED = 10
_LIMIT = 200
_FOLDS = 10
TableOf = Callable[[str], Frozen]
"""The terms to judge a persona by, from its key."""
Judged = tuple[float, bool]
"""What was said and whether it was so."""


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one question.

    Attributes:
        fast: ``FAST`` of each candidate.
        slow: ``SLOW`` of each of ``asked``, the candidates the language model was asked for.
        near_fast, near_slow: The same of the right reply, first, and its rivals.
    """

    question: Question
    fast: NDArray[np.float64]
    asked: tuple[int, ...]
    slow: NDArray[np.float64]
    near_fast: NDArray[np.float64]
    near_slow: NDArray[np.float64]


def main(
    convai2: Path,
    json: bool = False,
    limit: int | None = None,
    cache: Path | None = None,
    picture: Path | None = None,
    crossed: bool = False,
) -> None:
    """Measure and print, with a bar on standard error."""
    from rpterm.bench.opening import models
    from rpterm.bench.printing import with_bar

    table = frozen()
    every, most = read(convai2), _LIMIT if limit is None else limit
    unseen = draw(every, most, table.personas)
    crossed = crossed or not unseen
    questions = draw(every, most, frozenset()) if crossed else unseen

    def measured(step: Step) -> dict[str, Any]:
        rivals = Rivals(every, encode)
        rows = measure(questions, rivals, encode, likelihood, table.drawn_fast, step)
        figures = report(rows, cross(rows, table) if crossed else lambda _: table, picture)
        return {"crossed": crossed, **figures}

    with models(cache) as (encode, likelihood):
        with_bar(measured, json)


def scene_of(question: Question) -> Scene:
    """A dialogue of ConvAI2 as a scene; the first speaker of a pair is the other side."""
    return pair_scene(question.persona, question.history)


def pair_scene(persona: Sequence[str], turns: Sequence[str]) -> Scene:
    """Turns of two in a row as a scene, of which the last one is the other side's."""
    count = len(turns)
    return Scene(
        char="me",
        user="You",
        facts=tuple(Fact(f"card.attributes:{at}", text) for at, text in enumerate(persona)),
        history=tuple(((count - at) % 2 == 0, text) for at, text in enumerate(turns)),
    )


def measure(
    questions: Sequence[Question],
    rivals: Rivals,
    encode: Remembered,
    likelihood: Likelihood | None,
    drawn: Mapping[str, Term],
    step: Step = lambda done, total: None,
) -> list[Row]:
    """All numbers of all questions; without a language model ``asked`` is empty.

    Args:
        drawn: Terms that choose for which candidates the language model is asked.
    """
    quick = signals(encode)
    rows = []
    for at, question in enumerate(questions):
        scene = scene_of(question)
        encode([*question.persona, *question.history, *question.candidates, recent(scene)])
        fast = values(quick, question.candidates, scene)
        order = np.argsort(-log_odds_of(fast, FAST, drawn), kind="stable")
        best = tuple(int(each) for each in order[:RERANKED])
        slow = with_lift(
            fast[list(best)], likelihood, [question.candidates[each] for each in best], scene
        )
        near = [question.candidates[question.gold], *rivals.of(question)]
        near_fast = values(quick, near, scene)
        near_slow = with_lift(near_fast, likelihood, near, scene)
        asked = best if likelihood is not None else ()
        rows.append(Row(question, fast, asked, slow, near_fast, near_slow))
        step(at + 1, len(questions))
    return rows


def drawn_terms(rows: Sequence[Row], more: Sequence[Choice] = (), *, slow: bool) -> dict[str, Term]:
    """Terms for lines drawn from other talks.

    Args:
        more: Questions beside these.
    """
    return fit_drawn([*_choices(rows, slow=slow), *more], slow=slow)


def live_terms(
    rows: Sequence[Row],
    drawn: Mapping[str, Term],
    more: Sequence[Choice] = (),
    *,
    slow: bool,
) -> dict[str, Term]:
    """Terms for replies made for their talk.

    Args:
        drawn: From where the weights of being to the point come.
        more: Questions beside these.
    """
    near = [row.near_slow if slow else row.near_fast for row in rows]
    rivals = [
        Choice(numbers, 0, f"{row.question.key} {at}")
        for at, (row, numbers) in enumerate(zip(rows, near, strict=True))
    ]
    right = np.array([numbers[0] for numbers in near])
    return fit_live([*rivals, *more], right, drawn, slow=slow)


def _choices(rows: Sequence[Row], *, slow: bool) -> list[Choice]:
    """Each question is a choice of its own, also where a persona has several."""
    found = []
    for at, row in enumerate(rows):
        asked = row.asked if slow else tuple(range(len(row.fast)))
        gold = row.question.gold
        right = asked.index(gold) if gold in asked else None
        found.append(Choice(row.slow if slow else row.fast, right, f"{row.question.key} {at}"))
    return found


def cross(rows: Sequence[Row], table: Frozen) -> TableOf:
    """Each persona's terms are fitted on the rows of other personas: ten folds."""
    keys = sorted({row.question.key for row in rows})
    if len(keys) < 2:
        raise RptermError("Two personas are needed to fit terms on one and judge the other.")
    fold = {key: at % _FOLDS for at, key in enumerate(keys)}
    tables: dict[int, Frozen] = {}
    for at in set(fold.values()):
        rest = [row for row in rows if fold[row.question.key] != at]
        drawn = drawn_terms(rest, slow=False)
        live = live_terms(rest, drawn, slow=False)
        tables[at] = replace(table, fast={**table.fast, **live}, drawn_fast=drawn)
        if rest[0].asked:
            drawn = drawn_terms(rest, slow=True)
            live = live_terms(rest, drawn, slow=True)
            tables[at] = replace(tables[at], slow={**table.slow, **live}, drawn_slow=drawn)
    return lambda key: tables[fold[key]]


def report(rows: Sequence[Row], of: TableOf, picture: Path | None = None) -> dict[str, Any]:
    """The figures, their intervals, and what is left when one number is taken away."""
    figures: dict[str, Any] = {"examples": len(rows)}
    slow = bool(rows) and bool(rows[0].asked)
    heard = [_heard(row, of(row.question.key)) for row in rows]
    if slow:
        figures |= _summary(_places(rows, of, slow=True), "")
        figures |= error_figures("ece", [asked for _, asked in heard])
    figures |= _summary(_places(rows, of), "_no_lm")
    figures |= error_figures("ece_no_lm", [plain for plain, _ in heard])
    bins = balanced_bins(each for plain, asked in heard for each in (asked if slow else plain))
    figures |= _on_topic(rows, of, slow=False)
    if slow:
        figures |= _on_topic(rows, of, slow=True)
    figures["ece_choice"] = round(_choice_error(rows, of), 4)
    figures["ablations"] = _ablations(rows, of, slow)
    figures["reliability"] = [list(each) for each in bins]
    if picture is not None:
        from rpterm.bench.picture import reliability

        reliability(bins, picture, "In character, ConvAI2")
    return figures


def _heard(row: Row, table: Frozen) -> tuple[list[Judged], list[Judged]]:
    """The chance of each candidate as a user would see it: without the language model, and with."""
    fast = log_odds_of(row.fast, FAST, table.drawn_fast, bounds=True)
    slow = log_odds_of(row.slow, SLOW, table.drawn_slow, bounds=True)
    gold = row.question.gold
    return (
        [(chance(float(value)), at == gold) for at, value in enumerate(fast)],
        [(chance(float(value)), at == gold) for at, value in zip(row.asked, slow, strict=True)],
    )


def _on_topic(rows: Sequence[Row], of: TableOf, *, slow: bool) -> dict[str, Any]:
    """The right reply against rivals, as the live score has it."""
    ending = "" if slow else "_no_lm"
    won, judged = [], []
    for row in rows:
        table = of(row.question.key)
        numbers, names = (row.near_slow, SLOW) if slow else (row.near_fast, FAST)
        if len(numbers) < 2:
            continue  # Nobody else is in the file.
        odds = log_odds_of(numbers, names, table.slow if slow else table.fast, bounds=True)
        won.append(above(odds[0], odds[1:].tolist()))
        judged.append([(chance(float(value)), at == 0) for at, value in enumerate(odds)])
    return {
        **mean_figures(f"pairwise_on_topic{ending}", won),
        **error_figures(f"ece_on_topic{ending}", judged),
    }


def _summary(places: Sequence[int], ending: str) -> dict[str, Any]:
    hits = share(place == 1 for place in places)
    return {
        f"hits@1{ending}": hits["value"],
        f"hits@1{ending}_interval": [hits["low"], hits["high"]],
        **mean_figures(f"mrr{ending}", [1 / place for place in places]),
    }


def _ablations(rows: Sequence[Row], of: TableOf, slow: bool) -> dict[str, Any]:
    """Shares of right first places with one number taken away, and with one alone."""
    found: dict[str, Any] = {}
    for name in COLUMNS[slow]:
        rest = frozenset(SLOW) - {name}
        places = _places(rows, of, rest, slow=slow)
        found[f"without {name}"] = share(place == 1 for place in places)
    for name in FAST:
        places = _places(rows, of, frozenset([name]))
        found[f"{name} alone"] = share(place == 1 for place in places)
    return found


def _places(
    rows: Sequence[Row], of: TableOf, kept: Collection[str] = SLOW, *, slow: bool = False
) -> list[int]:
    """The place of the right candidate, from 1; it comes after those that are level with it.

    Args:
        kept: Numbers that count; with ``slow`` only among the candidates that were asked for.
        slow: Whether those are put in order by the language model, before all others.
    """
    found = []
    for row in rows:
        table = of(row.question.key)
        order = log_odds_of(
            row.fast, FAST, table.drawn_fast if slow else _some(table.drawn_fast, kept)
        )
        if slow:
            ahead = float(order.max()) + 1000.0
            odds = log_odds_of(row.slow, SLOW, _some(table.drawn_slow, kept))
            order[list(row.asked)] = ahead + odds
        gold = row.question.gold
        found.append(int((order >= order[gold]).sum()))
    return found


def _some(table: Mapping[str, Term], kept: Collection[str]) -> dict[str, Term]:
    return {name: term for name, term in table.items() if name in kept}


def _choice_error(rows: Sequence[Row], of: TableOf) -> float:
    best, hit = [], []
    for row in rows:
        odds = log_odds_of(row.fast, FAST, of(row.question.key).drawn_fast)
        raised = np.exp(odds - odds.max())
        best.append(float((raised / raised.sum()).max()))
        hit.append(int(odds.argmax()) == row.question.gold)
    return calibration_error(best, hit)
