"""Contradictions by an NLI model: which pairs it is asked, and what comes of its answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rpterm.scoring.likelihood import Stopped
from rpterm.scoring.nli import nearest_pairs
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signals.contradiction import Contradiction
from rpterm.scoring.texts import words

SCENE = ReplyScene(
    char="Ines",
    user="Tom",
    facts=(
        Fact("card.attributes:0", "Ines owns a boat with red sails."),
        Fact("card.attributes:1", "Ines fears thunder above all."),
    ),
    history=((True, "My boat has been mine for years."), (False, "Is it?")),
)
VOCABULARY = ("boat", "sails", "thunder", "bread", "years")


def encode(texts: Sequence[str]) -> np.ndarray:
    """A bag of few words."""
    rows = np.array([[word in words(text) for word in VOCABULARY] for text in texts], np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


class Judge:
    """Finds a contradiction where the claim says "never"."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        self.asked += pairs
        return np.array([[0.1, 0.9 if "never" in claim else 0.2] for _, claim in pairs], np.float32)


def never() -> bool:
    return False


def test_a_claim_meets_the_lines_that_are_about_the_same() -> None:
    judge = Judge()
    reply = "I never had any boat. The bread is stale today. Do you like thunder?"
    reading = Contradiction(judge, encode).measure_until(reply, SCENE, never)
    assert {claim for _, claim in judge.asked} == {"I never had any boat."}
    assert reading.value == pytest.approx(0.9)
    assert {each.source for each in reading.evidence} == {"card.attributes:0", "turn:-2"}
    assert reply[slice(reading.evidence[0].start, reading.evidence[0].end)] == judge.asked[0][1]


def test_what_it_is_not_sure_of_is_no_contradiction() -> None:
    reading = Contradiction(Judge(), encode).measure_until("My boat has sails.", SCENE, never)
    assert reading.value == 0 and not reading.evidence and reading.confidence > 0.5


def test_the_rules_stand_without_a_model_and_where_it_fails() -> None:
    reply = "My boat has not been mine for years."
    ruled = Contradiction().measure(reply, SCENE)
    assert ruled.value == 0.8
    assert Contradiction().measure_until(reply, SCENE, never) == ruled
    assert Contradiction(lambda pairs: None, encode).measure_until(reply, SCENE, never) == ruled


def test_it_stops_when_nobody_wants_to_know() -> None:
    judge = Judge()
    with pytest.raises(Stopped):
        Contradiction(judge, encode).measure_until("My boat sank.", SCENE, lambda: True)
    assert not judge.asked


def test_nothing_to_say_or_to_hold_it_against_makes_no_pairs() -> None:
    fact = SCENE.facts[0]
    assert nearest_pairs([(0, "I see.")], [(fact, fact.text)], encode) == []
    assert nearest_pairs([(0, "My boat has sails.")], [], encode) == []
