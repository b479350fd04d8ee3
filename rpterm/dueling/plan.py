"""Plans the rounds of a duel from one seed: pairings, sides and repetitions.

After every ``AGAIN_EVERY`` new rounds an earlier one is repeated with its sides swapped. The second
verdict shows how consistent the judge is and does not count as a vote.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

AGAIN_EVERY = 10
APART = 4
"""Minimum number of rounds between a round and its repetition."""


@dataclass(frozen=True, slots=True)
class Round:
    """Two replies to one message.

    Attributes:
        number: Counted from 1.
        place: Index of the message, from 0.
        left, right: Names of the contenders.
        again: Number of the round that this one repeats with swapped sides, or ``None``.
    """

    number: int
    place: int
    left: str
    right: str
    again: int | None = None


def plan_rounds(names: Sequence[str], count: int, seed: int) -> list[Round]:
    """The rounds of a duel: ``count`` new ones, and a tenth of them repeated.

    With three or more contenders, each message is judged once for every pair of them.
    """
    rng = random.Random(seed)
    pairs = list(combinations(names, 2))
    planned: list[Round] = []
    repeated: set[int] = set()
    for at in range(count):
        place, pair = divmod(at, len(pairs))
        sides = list(pairs[pair])
        rng.shuffle(sides)
        planned.append(Round(len(planned) + 1, place, sides[0], sides[1]))
        if (at + 1) % AGAIN_EVERY == 0 and (old := _draw_old(planned, repeated, rng)) is not None:
            repeated.add(old.number)
            planned.append(Round(len(planned) + 1, old.place, old.right, old.left, old.number))
    return planned


def places(names: Sequence[str], count: int) -> int:
    """The number of messages that ``count`` rounds need."""
    pairs = len(names) * (len(names) - 1) // 2
    return -(-count // pairs)


def _draw_old(planned: Sequence[Round], repeated: set[int], rng: random.Random) -> Round | None:
    """A random earlier round that may be repeated now, or ``None``."""
    old = [
        each
        for each in planned[: -APART or None]
        if each.again is None and each.number not in repeated
    ]
    return rng.choice(old) if old else None
