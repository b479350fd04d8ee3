"""Intervals over few groups are wide enough, and none is given for one or two."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.evaluation.metrics import mean_interval
from rpterm.preference.stats.bootstrap import group_interval, percentile_interval
from rpterm.preference.stats.ranking import Vote, ranking


def covered(groups: int, trials: int = 300) -> float:
    """How often a 95 % interval of a mean over so few values holds the truth."""
    draw = np.random.default_rng(4)
    hits = 0
    for _ in range(trials):
        _, low, high = mean_interval(draw.normal(size=groups).tolist(), 200)
        hits += low <= 0 <= high
    return hits / trials


@pytest.mark.parametrize("groups", [3, 5, 10, 30])
def test_95_percent_intervals_hold_the_truth(groups):
    assert 0.91 <= covered(groups) <= 0.99


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_the_bounds_are_quantiles(values):
    expected = np.quantile(values, [0.025, 0.975])
    assert percentile_interval([*values, math.nan]) == pytest.approx(tuple(expected))


def test_one_chat_has_no_interval():
    votes = [Vote("a", "b", 1), Vote("b", "c", 1), Vote("a", "c", 1)] * 10
    assert all(math.isnan(each.low) and math.isnan(each.high) for each in ranking(votes))
    assert all(each.rank is None for each in ranking(votes * 20))
    spread = [Vote(v.winner, v.loser, at % 4) for at, v in enumerate(votes)]
    assert all(each.low < each.value < each.high for each in ranking(spread))


def test_the_widening_vanishes_with_many_groups_and_bounds_hold():
    values = np.linspace(-1, 1, 201).tolist()
    low, high = percentile_interval(values)
    assert group_interval(0.0, values, 400) == pytest.approx((low, high), rel=0.01)
    assert group_interval(0.0, values, 3)[1] > 2.5 * high
    assert group_interval(0.0, values, 3, bounds=(-1.0, 1.0)) == (-1.0, 1.0)
