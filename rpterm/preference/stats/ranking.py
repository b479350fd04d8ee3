"""Ranks three or more models by pairwise verdicts: a Bradley-Terry model with a ridge penalty.

Intervals come from a bootstrap that resamples conversations, because the verdicts of one are not
independent. A model with few votes, or with votes from too few for an interval, gets no rank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from rpterm.preference.stats.bootstrap import MIN_GROUPS, group_interval, resamples

MIN_VOTES = 20
"""A model with fewer votes gets no rank."""

_RIDGE = 0.1
_MAX_STEPS = 100
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Vote:
    """One verdict; a tie counts half for each side. The bootstrap resamples ``conversation``."""

    winner: str
    loser: str
    conversation: Hashable
    tie: bool = False


@dataclass(frozen=True, slots=True)
class Strength:
    """A model's log-odds against the average model, with a 95 % bootstrap interval.

    The interval is ``nan`` for votes from fewer than three conversations.
    """

    name: str
    value: float
    low: float
    high: float
    votes: int
    rank: int | None


def ranking(votes: Sequence[Vote], *, rounds: int = 200) -> list[Strength]:
    """The models, strongest first."""
    counts: Counter[str] = Counter(name for vote in votes for name in (vote.winner, vote.loser))
    names = sorted(counts)
    value = strengths(names, votes)
    talks: dict[Hashable, list[Vote]] = {}
    for vote in votes:
        talks.setdefault(vote.conversation, []).append(vote)
    resampled: dict[str, list[float]] = {name: [] for name in names}
    for sample in resamples(list(talks.values()), rounds):
        for name, each in strengths(names, sample).items():
            resampled[name].append(each)
    order = sorted(names, key=lambda name: (-value[name], name))
    known = len(talks) >= MIN_GROUPS
    ranked = [name for name in order if known and counts[name] >= MIN_VOTES]
    return [
        Strength(
            name, value[name], *group_interval(value[name], resampled[name], len(talks)),
            counts[name],
            ranked.index(name) + 1 if name in ranked else None,
        )
        for name in order
    ]  # fmt: skip


def strengths(names: Sequence[str], votes: Sequence[Vote]) -> dict[str, float]:
    """Maximise the ridge-penalised likelihood by Newton steps; the strengths add up to zero."""
    import numpy as np

    place = {name: at for at, name in enumerate(names)}
    wins = np.zeros((len(names), len(names)))
    for vote in votes:
        share = 0.5 if vote.tie else 1.0
        wins[place[vote.winner], place[vote.loser]] += share
        wins[place[vote.loser], place[vote.winner]] += 1.0 - share
    value = np.zeros(len(names))
    for _ in range(_MAX_STEPS):
        win_probability = 1.0 / (1.0 + np.exp(value - value[:, None]))
        gradient = (wins - (wins + wins.T) * win_probability).sum(axis=1) - _RIDGE * value
        weight = (wins + wins.T) * win_probability * (1.0 - win_probability)
        curvature = np.diag(weight.sum(axis=1) + _RIDGE) - weight
        step = np.linalg.solve(curvature, gradient)
        largest = float(np.abs(step).max(initial=0.0))
        value += step / max(1.0, largest)
        if largest < _TOLERANCE:
            break
    return dict(zip(names, value.tolist(), strict=True))
