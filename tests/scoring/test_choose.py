"""Best of N: which reply is kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.scoring.best_of import best_index


def score(probability: float, low: float = 0.0) -> Any:
    return SimpleNamespace(probability=probability, low=low)


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=8))
def test_the_best_is_kept_and_the_first_of_equals(values: list[float | None]) -> None:
    found = best_index([None if value is None else score(value) for value in values])
    ranked = [-1.0 if value is None else value for value in values]
    assert ranked[found] == max(ranked)
    assert max(ranked) not in ranked[:found]


def test_of_equal_ones_the_surer_is_kept() -> None:
    assert best_index([score(0.7, 0.2), score(0.7, 0.5), score(0.7, 0.5)]) == 1


def test_nothing_to_choose_from() -> None:
    with pytest.raises(ValueError, match="no scores"):
        best_index([])
