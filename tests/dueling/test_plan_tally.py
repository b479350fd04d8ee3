"""Who meets whom, and what verdicts add up to: pure, so tried on everything."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpterm.dueling.contender import differences, parse, parse_all
from rpterm.dueling.plan import APART, places, plan_rounds
from rpterm.dueling.tally import JudgedRound, score_line, tally
from rpterm.errors import RptermError
from rpterm.types import Generation, Sampling

NAMES = ("A", "B", "C")


# Contenders ------------------------------------------------------------------------------------
def test_a_contender_is_parsed_from_one_line() -> None:
    side = parse("B", "temperature=1.2, min_p=0.02 adapter=mine.gguf")
    assert side.sampling == {"temperature": 1.2, "min_p": 0.02}
    assert (side.model, side.adapter) == (None, "mine.gguf")
    assert parse("A", "other.gguf").model == "other.gguf"
    assert parse("A", "").label == "A (as set)"
    assert parse("A", "other.gguf adapter=mine.gguf").adapter == "mine.gguf"
    assert parse("A", "adapter=mine.gguf starter").model == "starter"
    assert [each.name for each in parse_all(["", "top_k=5"])] == ["A", "B"]


@pytest.mark.parametrize(
    "spec", ["model=/My Models/a b.gguf top_k=5", "/My Models/a b.gguf top_k=5"]
)
def test_a_file_may_have_spaces_in_its_path(spec: str) -> None:
    side = parse("B", spec)
    assert (side.model, side.adapter) == ("/My Models/a b.gguf", None)
    assert side.sampling == {"top_k": 5}


@pytest.mark.parametrize(
    ("spec", "words"),
    [("temprature=1", "did you mean temperature"), ("temperature=hot", "Side B"),
     ("seed=4", "cannot be set"), ("temperature=99", "between 0 and 10"), ("banned=x", "cannot")],
)  # fmt: skip
def test_an_invalid_line_says_what_is_wrong(spec: str, words: str) -> None:
    with pytest.raises(RptermError, match=words):
        parse("B", spec)


def test_differences_of_two_generations() -> None:
    def made(model: str = "m", temperature: float = 0.8, seed: int = 1) -> Generation:
        sampling = Sampling(seed=seed, temperature=temperature)
        return Generation("scripted", model, model, sampling, batch_seeds=(seed,))

    assert "only chance differed" in differences(made(seed=1), made(seed=2))
    warm = differences(made(), made(temperature=1.5))
    assert warm == "Left was temperature=0.8; right was temperature=1.5."
    assert differences(made(), made("other")) == "Left was m; right was other."
    adapted = replace(made("m + mine"), model_hash="m", adapter_hash="a1")
    assert differences(made(), adapted) == "Left was m; right was m + mine."
    retrained = replace(adapted, adapter_hash="b2")
    assert differences(adapted, retrained) == ("Left was adapter a1; right was adapter b2.")


# Plan ------------------------------------------------------------------------------------------
@given(st.integers(2, 4), st.integers(1, 80), st.integers(0, 2**31))
def test_every_plan_is_balanced_and_repeats_a_tenth(names: int, count: int, seed: int) -> None:
    sides = "ABCD"[:names]
    planned = plan_rounds(sides, count, seed)
    new = [each for each in planned if each.again is None]
    again = [each for each in planned if each.again is not None]
    by_number = {each.number: each for each in planned}
    assert len(new) == count and len(again) == count // 10
    assert [each.number for each in planned] == list(range(1, len(planned) + 1))
    assert {each.place for each in new} == set(range(places(sides, count)))
    assert len({(each.place, frozenset((each.left, each.right))) for each in new}) == count
    for each in again:
        assert each.again is not None
        old = by_number[each.again]
        assert (old.left, old.right, old.place) == (each.right, each.left, each.place)
        assert old.again is None and each.number - old.number > APART
    assert plan_rounds(sides, count, seed) == planned


def test_sides_are_random() -> None:
    left = sum(each.left == "A" for each in plan_rounds("AB", 400, 7) if each.again is None)
    assert 160 < left < 240


# Tally -----------------------------------------------------------------------------------------
def votes(wins: int, losses: int, ties: int = 0, bad: int = 0) -> list[JudgedRound]:
    said = ["left"] * wins + ["right"] * losses + ["tie"] * ties + ["both_bad"] * bad
    return [JudgedRound("A", "B", verdict, at) for at, verdict in enumerate(said)]  # type: ignore[arg-type]


def test_a_few_votes_decide_nothing() -> None:
    found = tally("AB", votes(4, 1, 2, 1))
    (match,) = found.matches
    assert (match.wins, match.losses, match.ties, match.both_bad) == (4, 1, 2, 1)
    assert match.better is None and found.votes == 8
    assert score_line(found).startswith("A 4 : 1 B · 2 ties · 1 both bad · undecided (evidence ")


def test_a_decision_stays_decided_and_says_after_how_many() -> None:
    found = tally("AB", votes(12, 0) + votes(0, 8))
    assert found.matches[0].better == "A" and found.matches[0].after == 8
    assert "A is better (decided after 8 votes)" in score_line(found)


def test_repeated_looks_seldom_decide_between_equals() -> None:
    draw = random.Random(5)
    wrong = 0
    for _ in range(200):
        judged = [JudgedRound("A", "B", draw.choice(("left", "right")), at) for at in range(100)]
        wrong += tally("AB", judged).matches[0].better is not None
    assert wrong <= 14  # one in twenty at most, and chance on top


def test_repeated_rounds_are_not_votes() -> None:
    judged = [
        *votes(3, 0),
        JudgedRound("B", "A", "right", 0, again="left"),
        JudgedRound("B", "A", "left", 1, again="left"),
        JudgedRound("B", "A", "tie", 2, again="tie"),
    ]
    found = tally("AB", judged)
    assert found.votes == 3 and found.matches[0].losses == 0
    assert (found.agreed.hits, found.agreed.total) == (2, 3)
    assert (found.chose_left.hits, found.chose_left.total) == (4, 5)
    assert found.agreed.text.startswith("2 of 3 (")
    assert tally("AB", []).agreed.text == "nothing yet"


def test_three_are_ranked_and_need_more_evidence() -> None:
    judged = [
        JudgedRound(one, other, "left", at % 20)
        for at in range(60)
        for one, other in (NAMES[:2], NAMES[1:], (NAMES[0], NAMES[2]))
    ]
    found = tally(NAMES, judged, rounds=20)
    assert [each.name for each in found.strengths] == ["A", "B", "C"]
    assert [each.rank for each in found.strengths] == [1, 2, 3]
    assert round(found.matches[0].needed) == 60
    assert score_line(found) == "180 votes  A>B 60:0  A>C 60:0  B>C 60:0"
    assert found.strengths[0].low <= found.strengths[0].value <= found.strengths[0].high


@given(st.lists(st.sampled_from(["left", "right", "tie", "both_bad"]), max_size=40))
def test_every_vote_is_counted_once(said: list[str]) -> None:
    found = tally("AB", [JudgedRound("A", "B", each, 0) for each in said])  # type: ignore[arg-type]
    (match,) = found.matches
    assert match.wins + match.losses + match.ties + match.both_bad == found.votes == len(said)
