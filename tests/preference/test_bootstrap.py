"""The percentile bootstrap: whole groups are drawn, and percentiles are interpolated."""

from __future__ import annotations

import math
import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rpterm.preference.stats.bootstrap import percentile_interval, resamples


def test_whole_groups_are_drawn() -> None:
    groups = [[1, 1], [2], [3, 3, 3]]
    samples = list(resamples(groups, 200))
    assert samples == list(resamples(groups, 200, random.Random(0)))
    assert all(each.count(1) % 2 == 0 and each.count(3) % 3 == 0 for each in samples)
    assert {len(each) for each in samples} >= {3, 6, 9}


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.sampled_from([0.5, 0.9, 0.95]))
def test_percentiles_are_those_of_numpy(values: list[float], coverage: float) -> None:
    tail = 50 * (1 - coverage)
    expected = np.percentile(values, [tail, 100 - tail])
    assert np.allclose(percentile_interval([*values, math.nan], coverage), expected)


def test_nothing_has_no_interval() -> None:
    assert all(map(math.isnan, percentile_interval([math.nan])))
