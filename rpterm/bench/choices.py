"""What terms are fitted on: replies to one turn, of which one is right; and the fits themselves.

Two questions are asked of the same numbers. *Drawn*: which of several lines, drawn from other talks
but for one, belongs here? Being to the point tells most of that. *Live*: is a reply that was made
for this talk the character's? Its wrong answers are what others said to the likest turns
(``rivals``), and being to the point can only lower the score there (``combine.CEILINGS``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rpterm.bench.calibrate import terms
from rpterm.scoring.combine import Term, log_odds
from rpterm.scoring.embedding import Remembered
from rpterm.scoring.fit import Fit
from rpterm.scoring.likelihood import Likelihood
from rpterm.scoring.records import Reading, Scene, Signal
from rpterm.scoring.signals.fitting import Context, FactMeaning, FactWords, Talk
from rpterm.scoring.signals.lift import ContextLift, PersonaPeak
from rpterm.scoring.signals.remembering import MemoryMeaning, MemoryWords

FAST = ("fact_words", "fact_meaning", "context", "talk", "memory_words", "memory_meaning")
SLOW = (*FAST, "context_lift", "persona_peak")
COLUMNS = {False: FAST, True: SLOW}
"""What is known of a reply without and with the language model."""
TOPIC = ("context", "talk", "context_lift")
"""Whether a reply is to the point."""
_EDGE = 0.1
"""The share of right replies that are so little to the point that it counts against them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Replies to one question, one of them right.

    Attributes:
        numbers: One row for each reply; ``FAST`` or ``SLOW``.
        right: Its place; ``None`` where it is not among these.
        key: The question's own.
    """

    numbers: NDArray[np.float64]
    right: int | None
    key: str


def signals(encode: Remembered) -> list[Signal]:
    """What measures ``FAST``."""
    fit = Fit(encode)
    return [
        FactWords(), FactMeaning(fit), Context(fit), Talk(fit), MemoryWords(), MemoryMeaning(fit)
    ]  # fmt: skip


def values(asked: Sequence[Signal], replies: Sequence[str], scene: Scene) -> NDArray[np.float64]:
    """One row for each reply, one column for each signal."""
    return np.array([[each.measure(reply, scene).value for each in asked] for reply in replies])


def with_lift(
    fast: NDArray[np.float64], likelihood: Likelihood | None, replies: Sequence[str], scene: Scene
) -> NDArray[np.float64]:
    """``SLOW`` of each reply, from its ``FAST``; no rows without a language model."""
    if likelihood is None:
        return np.zeros((0, len(SLOW)))
    lifts: list[Signal] = [ContextLift(likelihood), PersonaPeak(likelihood)]
    return np.column_stack([fast, values(lifts, replies, scene)])


def fit_drawn(choices: Sequence[Choice], *, slow: bool) -> dict[str, Term]:
    """Terms for lines drawn from other talks."""
    return _fit(choices, COLUMNS[slow], "likely" if slow else "fit", slow=slow)


def fit_live(
    choices: Sequence[Choice],
    right: NDArray[np.float64],
    drawn: Mapping[str, Term],
    *,
    slow: bool,
) -> dict[str, Term]:
    """Terms for replies made for the talk they stand in.

    Args:
        choices: Their wrong replies are to the point, too.
        right: The numbers of right replies: what is to the point as a rule.
        drawn: From where the weights of ``TOPIC`` come.
    """
    names = [name for name in COLUMNS[slow] if name not in TOPIC]
    return {**_fit(choices, names, "fit", slow=slow), **_topic(right, drawn, slow=slow)}


def _topic(right: NDArray[np.float64], drawn: Mapping[str, Term], *, slow: bool) -> dict[str, Term]:
    """Of ``drawn`` what is about the point, with its zero where ``_EDGE`` of right replies lie."""
    columns = COLUMNS[slow]
    known = {name: drawn[name] for name in TOPIC if name in drawn and drawn[name].weight}
    sums = sum(t.weight * (right[:, columns.index(name)] - t.middle) for name, t in known.items())
    edge = float(np.quantile(sums, _EDGE)) / max(1, len(known))
    return {
        name: replace(term, middle=round(term.middle + edge / term.weight, 4), group="topic")
        for name, term in known.items()
    }


def _fit(
    choices: Sequence[Choice], names: Sequence[str], group: str, *, slow: bool
) -> dict[str, Term]:
    columns = [COLUMNS[slow].index(name) for name in names]
    right = np.array([at == each.right for each in choices for at in range(len(each.numbers))])
    groups = [each.key for each in choices for _ in each.numbers]
    numbers = np.concatenate([each.numbers for each in choices])[:, columns]
    found = terms(names, numbers, right, groups, choice=True)
    return {name: replace(term, group=group) for name, term in found.items()}


def log_odds_of(
    numbers: NDArray[np.float64],
    names: Sequence[str],
    terms: Mapping[str, Term],
    *,
    bounds: bool = False,
) -> NDArray[np.float64]:
    """Of each row; without bounds, which make replies level, for ranking."""
    readings = (
        {name: Reading(float(value)) for name, value in zip(names, row, strict=True)}
        for row in numbers
    )
    return np.array([log_odds(each, terms, bounds=bounds) for each in readings])
