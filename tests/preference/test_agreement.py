"""Self-agreement and position bias, computed from verdicts."""

from __future__ import annotations

import pytest
from preference_support import Scene

from rpterm.preference.stats.agreement import Proportion, left_wins, self_agreement


def test_the_same_winner_with_swapped_sides_is_agreement(scene: Scene) -> None:
    a, b, c = (scene.reply(text) for text in ("One.", "Two.", "Three."))
    first = scene.judge.compare(a, b, "left")
    scene.judge.compare(b, a, "right", asked_again=first.id)  # the same reply wins
    other = scene.judge.compare(b, c, "left")
    scene.judge.compare(c, b, "left", asked_again=other.id)  # the same side wins
    tie = scene.judge.compare(a, c, "tie")
    scene.judge.compare(c, a, "tie", asked_again=tie.id)
    scene.judge.compare(a, c, "left", asked_again=999)  # what it repeats was taken back
    found = self_agreement(scene.judge.comparisons())
    assert (found.hits, found.total) == (2, 3)
    assert (left_wins(scene.judge.comparisons())) == Proportion(4, 5)


def test_edits_and_swipes_have_no_sides(scene: Scene) -> None:
    a, b = scene.reply("One."), scene.reply("Two.")
    scene.judge.kept_swipe(a, [b])
    assert left_wins(scene.judge.comparisons()) == Proportion(0, 0)


def test_an_empty_proportion_has_no_value() -> None:
    assert Proportion(0, 0).value is None and not Proportion(0, 0).one_sided
    assert not Proportion(14, 20).one_sided and Proportion(70, 100).one_sided
    assert Proportion(14, 20).row()["low"] == pytest.approx(0.4810, abs=1e-3)
