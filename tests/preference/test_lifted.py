"""Replies whose question was deleted or hidden make no records, whatever stands beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
from preference_support import Scene, left_out, rows, run

from rpterm.chat.replay import replay
from rpterm.engine.scripted import ScriptedEngine
from rpterm.errors import RptermError
from rpterm.preference.rating import Rater
from rpterm.store.reply_queries import complete_replies
from rpterm.types import Generation, Origin, Sampling

DELETED = "the turn it answers was deleted"


def test_turns_that_became_siblings_are_not_paired(scene: Scene, tmp_path: Path) -> None:
    other = scene.say(scene.greeting.id, "Who is there?", "user")
    one, two = scene.reply("One."), scene.reply("Two.", other.id)  # no prompt of either is known
    fine, bad = scene.reply("Fine.", scene.say(other.id, "On.").id), scene.reply("Bad.", other.id)
    ratings = [scene.judge.stars(each, n) for each, n in ((one, 5), (two, 1), (fine, 5), (bad, 2))]
    scene.store.delete_turn(scene.user.id, alone=True)
    scene.store.delete_turn(other.id, alone=True)
    assert {scene.store.turn(each).parent_id for each in (one, two)} == {scene.greeting.id}
    assert [each.turn_id for each in complete_replies(scene.store)] == [fine]
    run(scene, tmp_path / "out", format="raw")
    kinds = [(row["kind"], row["reply"]["text"]) for row in rows(tmp_path / "out")]
    assert kinds == [("label", "Fine."), ("demo", "Fine.")]
    gone = left_out(tmp_path / "out")
    assert {gone[ratings[at].id] for at in (0, 1, 3)} == {DELETED}


def test_an_edit_of_a_lifted_reply_makes_no_record(scene: Scene, tmp_path: Path) -> None:
    one = scene.reply("One.")
    scene.store.delete_turn(scene.user.id, alone=True)
    edited = scene.say(
        scene.greeting.id, "One, said better.", origin=Origin.EDITED, edited_from=one
    )
    pair = scene.judge.kept_edit(one, edited.id)
    star = scene.judge.stars(edited.id, 5)
    good = scene.reply("Fine.", scene.say(scene.greeting.id, "And?", "user").id)
    scene.judge.stars(good, 5)
    run(scene, tmp_path / "out", format="raw")
    assert left_out(tmp_path / "out") == {pair.id: DELETED, star.id: DELETED}


def test_replies_before_and_after_the_deletion_are_distinguished(
    scene: Scene, tmp_path: Path
) -> None:
    """The digest of a prompt outlives the prompt, so no pair is made of two different ones."""
    deep = scene.say(scene.reply("Yes."), "And then?", "user")
    scene.user = deep
    before, after = scene.made("Before.", (1, 2, 3)), scene.made("After.", (1, 3))
    same = scene.made("Same.", (1, 2, 3))
    scene.judge.stars(before, 5)
    scene.judge.stars(after, 1)
    scene.judge.stars(same, 2)
    scene.store.delete_turn(scene.store.turn(deep.id).parent_id or 0, alone=True)
    run(scene, tmp_path / "out", format="raw")
    pairs = [
        (row["reply"]["text"], row["other"]["text"])
        for row in rows(tmp_path / "out")
        if row["kind"] == "pair"
    ]
    assert pairs == [("Before.", "Same.")]


def test_hidden_turns_are_in_no_prompt(scene: Scene, tmp_path: Path) -> None:
    aside = scene.say(scene.user.id, "(Brb, the door.)", "user")
    asked = scene.say(aside.id, "Where were we?", "user")
    good, lost = scene.reply("Here.", asked.id), scene.reply("Hm?", aside.id)
    scene.judge.stars(good, 5)
    rating = scene.judge.stars(lost, 5)
    scene.store.hide(aside.id)
    run(scene, tmp_path / "out", format="raw")
    assert "Brb" not in (tmp_path / "out" / "data" / "train.jsonl").read_text()
    assert left_out(tmp_path / "out") == {rating.id: "the turn it answers is hidden"}


def test_continuing_is_no_preference_over_lifted_replies(scene: Scene) -> None:
    """A sibling may be the user's own, or answer a turn that is gone."""
    rater = Rater(scene.store)
    one = scene.reply("One.")
    edited = scene.say(one, "Mine, edited.", "user", Origin.EDITED)
    scene.store.delete_turn(one, alone=True)
    two = scene.reply("Two.")
    rater.record_kept_swipes(scene.store.turn(two))
    three = scene.reply("Three.")
    scene.store.delete_turn(scene.user.id, alone=True)
    rater.record_kept_swipes(scene.store.turn(three))
    assert scene.store.turn(edited.id).parent_id == scene.greeting.id
    assert list(scene.judge.comparisons()) == []


def test_a_reply_without_its_prompt_cannot_be_replayed() -> None:
    gone = Generation("llama", "m", "h", Sampling(seed=1), prompt_digest="abc")
    with pytest.raises(RptermError, match="deleted for good"):
        replay(gone, ScriptedEngine(["x"]))
