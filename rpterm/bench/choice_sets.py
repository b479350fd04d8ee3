"""Choice sets (replies to one turn, one of them right) and the terms fitted on them.

Two tasks use the same features. *Drawn*: which of several candidates belongs here, if all but one
are drawn from other dialogues? Being on topic explains most of that. *Live*: is a reply that was
written for this dialogue the character's? The wrong replies are hard negatives
(``hard_negatives``): what others said to the most similar turns. There, being on topic can only
lower the score (``combine.GROUP_CEILINGS``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rpterm.bench.logistic import fit_terms
from rpterm.scoring.combine import Term, log_odds
from rpterm.scoring.embedding import EmbeddingCache
from rpterm.scoring.likelihood import Likelihood
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import Reading, Signal
from rpterm.scoring.signals.card_and_context import Context, FactMeaning, FactWords, Talk
from rpterm.scoring.signals.likelihood_lift import ContextLift, PersonaPeak
from rpterm.scoring.signals.memory import MemoryAsked, MemoryWords
from rpterm.scoring.similarity import ContrastiveSimilarity

FAST = ("fact_words", "fact_meaning", "context", "talk", "memory_words", "memory_asked")
SLOW = (*FAST, "context_lift", "persona_peak")
COLUMNS = {False: FAST, True: SLOW}
"""The features of a reply, without and with the language model."""
TOPIC = ("context", "talk", "context_lift")
"""The features that say whether a reply is on topic."""
ASKED = "memory_asked"
"""Not fitted: where nothing is asked for, it says nothing, and ConvAI2 seldom asks."""
_OFF_TOPIC_SHARE = 0.1
"""The share of right replies that are so far off topic that it counts against them."""


@dataclass(frozen=True, slots=True)
class ChoiceSet:
    """The replies to one question, at most one of them right.

    Attributes:
        numbers: The features, one row per reply; the columns are ``FAST`` or ``SLOW``.
        right: The index of the right reply; ``None`` if it is not among these.
        key: Identifies the question.
    """

    numbers: NDArray[np.float64]
    right: int | None
    key: str


def feature_signals(encode: EmbeddingCache) -> list[Signal]:
    """The signals that measure ``FAST``."""
    fit = ContrastiveSimilarity(encode)
    return [
        FactWords(), FactMeaning(fit), Context(fit), Talk(fit), MemoryWords(), MemoryAsked(encode)
    ]  # fmt: skip


def feature_rows(
    asked: Sequence[Signal], replies: Sequence[str], scene: ReplyScene
) -> NDArray[np.float64]:
    """The signals' values: one row per reply, one column per signal."""
    return np.array([[each.measure(reply, scene).value for each in asked] for reply in replies])


def with_likelihood_features(
    fast: NDArray[np.float64],
    likelihood: Likelihood | None,
    replies: Sequence[str],
    scene: ReplyScene,
) -> NDArray[np.float64]:
    """The features ``SLOW`` of each reply, given ``FAST``; no rows without a language model."""
    if likelihood is None:
        return np.zeros((0, len(SLOW)))
    lifts: list[Signal] = [ContextLift(likelihood), PersonaPeak(likelihood)]
    return np.column_stack([fast, feature_rows(lifts, replies, scene)])


def fit_drawn(choices: Sequence[ChoiceSet], *, slow: bool) -> dict[str, Term]:
    """Terms for the task *drawn*."""
    names = [name for name in COLUMNS[slow] if name != ASKED]
    return _fit(choices, names, "likely" if slow else "fit", slow=slow)


def fit_live(
    choices: Sequence[ChoiceSet],
    right: NDArray[np.float64],
    drawn: Mapping[str, Term],
    *,
    slow: bool,
) -> dict[str, Term]:
    """Terms for the task *live*.

    Args:
        choices: Sets whose wrong replies are on topic, too.
        right: The features of right replies: how far a right reply is on topic.
        drawn: The terms that give ``TOPIC`` its weights.
    """
    names = [name for name in COLUMNS[slow] if name not in (*TOPIC, ASKED)]
    fitted = _fit(choices, names, "fit", slow=slow)
    asked = {ASKED: replace(fitted["memory_words"], center=0.0)}
    return {**fitted, **asked, **_topic_terms(right, drawn, slow=slow)}


def _topic_terms(
    right: NDArray[np.float64], drawn: Mapping[str, Term], *, slow: bool
) -> dict[str, Term]:
    """The terms of ``TOPIC``, with their zero at the quantile ``_OFF_TOPIC_SHARE``."""
    columns = COLUMNS[slow]
    topic = {name: drawn[name] for name in TOPIC if name in drawn and drawn[name].weight}
    sums = sum(t.weight * (right[:, columns.index(name)] - t.center) for name, t in topic.items())
    shift = float(np.quantile(sums, _OFF_TOPIC_SHARE)) / max(1, len(topic))
    return {
        name: replace(term, center=round(term.center + shift / term.weight, 4), group="topic")
        for name, term in topic.items()
    }


def _fit(
    choices: Sequence[ChoiceSet], names: Sequence[str], group: str, *, slow: bool
) -> dict[str, Term]:
    columns = [COLUMNS[slow].index(name) for name in names]
    right = np.array([at == each.right for each in choices for at in range(len(each.numbers))])
    groups = [each.key for each in choices for _ in each.numbers]
    numbers = np.concatenate([each.numbers for each in choices])[:, columns]
    found = fit_terms(names, numbers, right, groups, choice=True)
    return {name: replace(term, group=group) for name, term in found.items()}


def row_log_odds(
    numbers: NDArray[np.float64],
    names: Sequence[str],
    terms: Mapping[str, Term],
    *,
    bounds: bool = False,
) -> NDArray[np.float64]:
    """The log-odds of each row of features; for ranking without bounds, which create ties."""
    readings = (
        {name: Reading(float(value)) for name, value in zip(names, row, strict=True)}
        for row in numbers
    )
    return np.array([log_odds(each, terms, bounds=bounds) for each in readings])
