"""Strength of three and more models from pairwise verdicts: Bradley-Terry with a ridge.

Intervals come from a bootstrap that draws whole chats, because verdicts of one chat hang together.
A model with few votes gets no rank.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

MIN_VOTES = 20
"""Below so many votes a model has no rank."""

_RIDGE = 0.1
_STEPS = 200
_SMALL = 1e-9


@dataclass(frozen=True, slots=True)
class Vote:
    """One verdict; a tie counts half for either side. ``chat`` is what the bootstrap draws."""

    winner: str
    loser: str
    chat: int
    tie: bool = False


@dataclass(frozen=True, slots=True)
class Strength:
    """A model's place: log-odds against the average, and the middle 95 % of the bootstrap."""

    name: str
    value: float
    low: float
    high: float
    votes: int
    rank: int | None


def ranking(votes: Sequence[Vote], *, rounds: int = 200) -> list[Strength]:
    """Models, strongest first."""
    counts: Counter[str] = Counter(name for vote in votes for name in (vote.winner, vote.loser))
    names = sorted(counts)
    value = strengths(names, votes)
    chats: dict[int, list[Vote]] = {}
    for vote in votes:
        chats.setdefault(vote.chat, []).append(vote)
    draw, groups = random.Random(0), list(chats.values())
    drawn: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        some = [vote for group in draw.choices(groups, k=len(groups)) for vote in group]
        for name, each in strengths(names, some).items():
            drawn[name].append(each)
    order = sorted(names, key=lambda name: (-value[name], name))
    ranked = [name for name in order if counts[name] >= MIN_VOTES]
    return [
        Strength(
            name, value[name], *_middle(drawn[name]), counts[name],
            ranked.index(name) + 1 if name in ranked else None,
        )
        for name in order
    ]  # fmt: skip


def strengths(names: Sequence[str], votes: Sequence[Vote]) -> dict[str, float]:
    """Maximum of the likelihood less a ridge, one coordinate at a time by Newton's step."""
    wins: Counter[tuple[str, str]] = Counter()
    for vote in votes:
        share = 0.5 if vote.tie else 1.0
        wins[vote.winner, vote.loser] += share  # type: ignore[assignment]
        wins[vote.loser, vote.winner] += 1.0 - share  # type: ignore[assignment]
    value = dict.fromkeys(names, 0.0)
    for _ in range(_STEPS):
        moved = max((abs(_step(name, names, wins, value)) for name in names), default=0.0)
        if moved < _SMALL:
            break
    return value


def _step(
    name: str, names: Sequence[str], wins: Mapping[tuple[str, str], float], value: dict[str, float]
) -> float:
    slope, curve = -_RIDGE * value[name], _RIDGE
    for other in names:
        won, lost = wins.get((name, other), 0.0), wins.get((other, name), 0.0)
        if other == name or not won + lost:
            continue
        chance = 1.0 / (1.0 + exp(value[other] - value[name]))
        slope += won - (won + lost) * chance
        curve += (won + lost) * chance * (1.0 - chance)
    step = max(-1.0, min(1.0, slope / curve))
    value[name] += step
    return step


def _middle(values: Sequence[float]) -> tuple[float, float]:
    ranked = sorted(values)
    if not ranked:
        return 0.0, 0.0
    return ranked[int(0.025 * (len(ranked) - 1))], ranked[int(0.975 * (len(ranked) - 1) + 0.5)]
