"""Who meets whom, on which side, and what is asked again: all of it from one seed. Pure.

After every ``AGAIN_EVERY`` new rounds an earlier one comes back with its sides swapped; what the
judge says then tells how steady the judge is, and does not count as a vote.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

AGAIN_EVERY = 10
APART = 4
"""At least so many rounds lie between a round and its repetition."""


@dataclass(frozen=True, slots=True)
class Round:
    """Two replies to one message.

    Attributes:
        number: From 1.
        place: Which message, from 0.
        left, right: Names of the contenders.
        again: Number of the round that this one repeats with the sides swapped.
    """

    number: int
    place: int
    left: str
    right: str
    again: int | None = None


def rounds(names: Sequence[str], count: int, seed: int) -> list[Round]:
    """The rounds of a duel: ``count`` new ones and a tenth of them once more.

    With three and more contenders each message is judged once for every two of them.
    """
    draw = random.Random(seed)
    pairs = list(combinations(names, 2))
    planned: list[Round] = []
    repeated: set[int] = set()
    for at in range(count):
        place, pair = divmod(at, len(pairs))
        sides = list(pairs[pair])
        draw.shuffle(sides)
        planned.append(Round(len(planned) + 1, place, sides[0], sides[1]))
        if (at + 1) % AGAIN_EVERY == 0 and (old := _earlier(planned, repeated, draw)) is not None:
            repeated.add(old.number)
            again = Round(len(planned) + 1, old.place, old.right, old.left, old.number)
            planned.append(again)
    return planned


def places(names: Sequence[str], count: int) -> int:
    """How many messages so many rounds need."""
    pairs = len(names) * (len(names) - 1) // 2
    return -(-count // pairs)


def _earlier(planned: Sequence[Round], repeated: set[int], draw: random.Random) -> Round | None:
    old = [
        each
        for each in planned[: -APART or None]
        if each.again is None and each.number not in repeated
    ]
    return draw.choice(old) if old else None
