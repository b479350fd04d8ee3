"""The alarm for a slipping character: how often it is false, how soon it is right."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.scoring.drift import DriftDetector, broke_character, drift

PROBABILITIES = st.lists(st.floats(0, 1), max_size=60)
CHANCE = random.Random(20)


def beta(a: float, b: float) -> Callable[[int], float]:
    return lambda number: CHANCE.betavariate(a, b)


def hanging(strength: float) -> Callable[[int], float]:
    """Scores of which each is like the one before."""
    state = [0.0]

    def draw(number: int) -> float:
        fresh = CHANCE.gauss(0, 1)
        rest = math.sqrt(1 - strength**2)
        state[0] = fresh if number == 0 else strength * state[0] + rest * fresh
        return 1 / (1 + math.exp(-1.5 - state[0]))

    return draw


def average_run(draw: Callable[[int], float], *, chats: int, longest: int) -> float:
    """Mean number of replies until an alarm; a chat without one counts as ``longest``."""
    return statistics.fmean(until_alarm(draw, longest) for _ in range(chats))


def until_alarm(draw: Callable[[int], float], longest: int) -> int:
    follower = DriftDetector()
    return next((n + 1 for n in range(longest) if follower.add(draw(n)).alarm), longest)


@pytest.mark.parametrize(
    ("shape", "least"),
    [
        (beta(8, 2), 300), (beta(2, 1), 250), (beta(20, 1), 300), (beta(4, 4), 300),
        (lambda number: CHANCE.random(), 250), (hanging(0.4), 100),
    ],
    ids=["good", "wide", "excellent", "middling", "anything", "hanging together"],
)  # fmt: skip
def test_false_alarms_are_rare(shape: Callable[[int], float], least: float) -> None:
    assert average_run(shape, chats=60, longest=400) >= least


def test_a_real_drop_is_told_within_a_few_replies() -> None:
    good, bad = beta(8, 2), beta(3, 6)
    runs = average_run(lambda n: good(n) if n < 12 else bad(n), chats=80, longest=100)
    assert 12 < runs <= 12 + 8


@given(PROBABILITIES)
def test_the_level_is_a_share(seen: list[float]) -> None:
    found = drift(seen)
    assert 0 <= found.level <= 1
    assert not found.alarm or found.level == 1


@pytest.mark.parametrize(
    ("before", "then", "replies"),
    [([0.9] * 20, 0.0, 4), ([0.9, 0.7] * 6, 0.5, 7), ([], 0.3, 14)],
    ids=["collapse", "drop", "bad from the start"],
)
def test_the_alarm_is_raised_at_a_certain_reply(
    before: list[float], then: float, replies: int
) -> None:
    assert not drift([*before, *[then] * (replies - 1)]).alarm
    assert drift([*before, *[then] * replies]).alarm


def test_a_level_that_stays_bad_becomes_the_norm() -> None:
    assert not drift([0.3] * 40).alarm


@given(PROBABILITIES, st.floats(0, 1))
def test_a_worse_last_reply_never_lowers_the_level(seen: list[float], last: float) -> None:
    better, worse = drift([*seen, last]), drift([*seen, last / 2])
    assert worse.level >= better.level - 1e-9


def test_good_replies_end_an_alarm() -> None:
    down = [0.9] * 20 + [0.0] * 30
    assert drift(down).alarm
    assert not drift([*down, *[0.9] * 3]).alarm


def test_a_broken_reply_needs_a_sure_score() -> None:
    assert broke_character(0.05, 0.3)
    assert not broke_character(0.05, 0.5)
    assert not broke_character(0.2, 0.3)
