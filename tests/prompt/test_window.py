"""The window: whole turns leave, a quarter at once, by the branch alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rpterm.prompt.window import first_kept

COSTS = st.lists(st.integers(1, 60), min_size=1, max_size=200)


def test_all_stay_while_they_fit() -> None:
    assert first_kept([44, 44], 100, pending=False) == 0
    assert first_kept([44, 45], 100, pending=False) == 1
    assert first_kept([60, 40], 100, pending=True) == 0
    assert first_kept([60, 41], 100, pending=True) == 1


def test_the_oldest_quarter_leaves_at_once() -> None:
    start = first_kept([10] * 9, 100, pending=False)
    assert start == 2
    assert first_kept([10] * 10, 100, pending=True) == start


@given(COSTS, st.integers(60, 800))
def test_kept_turns_fit(costs: list[int], budget: int) -> None:
    start = first_kept(costs, budget, pending=True)
    assert sum(costs[start:]) <= budget


@given(COSTS, st.integers(60, 800))
def test_the_cut_never_moves_back(costs: list[int], budget: int) -> None:
    cuts = [first_kept(costs[:n], budget, pending=False) for n in range(1, len(costs) + 1)]
    assert cuts == sorted(cuts)


@given(COSTS, st.integers(300, 900))
def test_a_short_message_never_moves_the_settled_cut(costs: list[int], budget: int) -> None:
    settled = first_kept(costs, budget, pending=False)
    assert first_kept([*costs, budget // 8], budget, pending=True) == settled


def test_a_last_turn_larger_than_the_budget_stays() -> None:
    assert first_kept([10, 10, 5000], 100, pending=True) == 2


@given(COSTS, st.integers(300, 900), st.integers(1, 30))
def test_a_cue_never_moves_the_settled_cut(costs: list[int], budget: int, cue: int) -> None:
    settled = first_kept(costs, budget, pending=False)
    assert first_kept(costs, budget, pending=False, cue=cue) == settled
    message = budget // 8 - cue
    assert first_kept([*costs, message], budget, pending=True, cue=cue) == settled


@given(COSTS, st.integers(60, 800), st.integers(1, 30), st.booleans())
def test_the_turn_before_a_cue_stays(
    costs: list[int], budget: int, cue: int, pending: bool
) -> None:
    start = first_kept(costs, budget, pending=pending, cue=cue)
    assert start < len(costs)
    assert start == len(costs) - 1 or sum(costs[start:]) + cue <= budget
