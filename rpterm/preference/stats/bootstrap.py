"""The percentile bootstrap: confidence intervals of any statistic, by resampling. Pure.

What is not independent, such as the replies of one chat, is drawn together: a sample has as many
groups as the data (a cluster bootstrap). Draws are seeded: the same data gives the same interval.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

_T = TypeVar("_T")


def resamples(
    groups: Sequence[Sequence[_T]], rounds: int, rng: random.Random | None = None
) -> Iterator[list[_T]]:
    """Yield samples of whole groups, drawn with replacement; each is one flat list."""
    rng = rng or random.Random(0)
    for _ in range(rounds):
        yield [each for group in rng.choices(groups, k=len(groups)) for each in group]


def percentile_interval(values: Iterable[float], coverage: float = 0.95) -> tuple[float, float]:
    """The central share of a statistic's values over the samples, interpolated linearly.

    Values that are ``nan`` are left out; without any other, both bounds are ``nan``.
    """
    ranked = sorted(value for value in values if not math.isnan(value))
    tail = (1.0 - coverage) / 2.0
    return _quantile(ranked, tail), _quantile(ranked, 1.0 - tail)


def _quantile(ranked: Sequence[float], share: float) -> float:
    if not ranked:
        return math.nan
    at = share * (len(ranked) - 1)
    below = min(int(at), len(ranked) - 1)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (at - below) * (ranked[above] - ranked[below])
