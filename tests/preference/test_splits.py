"""Which conversations an export holds out for tests."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from preference_support import MODEL, Scene, rows, run

from rpterm.preference.check.checker import check
from rpterm.preference.splits import held_out
from rpterm.store.judgement_records import Circumstances

QUESTIONS = [f"Question number {number}?" for number in range(30)]
DUEL = Circumstances(method="duel:1")


def judge_messages(scene: Scene, questions: list[str], how: Circumstances = DUEL) -> Scene:
    for question in questions:
        asked = scene.say(scene.greeting.id, question, "user").id
        pair = scene.reply(f"Moran, {asked}.", asked), scene.reply(f"I, {asked}.", asked)
        scene.judge.compare(*pair, "left", how=how)
    return scene


def questions_in(out: Path, split: str) -> set[str]:
    return {row["prompt"][-1]["content"] for row in rows(out, split)}


def test_chats_never_move_between_splits() -> None:
    chosen = held_out(range(1000), 0.1)
    assert 70 <= len(chosen) <= 130
    assert chosen <= held_out(range(1000), 0.2)
    assert chosen & set(range(500)) == held_out(range(500), 0.1)
    assert not held_out(range(1000), 0.0) and len(held_out(range(1000), 1.0)) == 1000
    assert len(held_out(range(1, 6), 0.1)) == 1, "half a chat rounds to one"


@given(st.sets(st.integers(1, 10_000), min_size=1, max_size=12), st.floats(0.01, 0.99))
def test_no_split_is_empty_by_chance(chats: set[int], share: float) -> None:
    chosen = held_out(sorted(chats), share)
    assert chosen < chats, "nothing is left to train on"
    assert chosen or share * len(chats) < 0.5 or len(chats) == 1


def test_the_messages_of_one_duel_are_split(scene: Scene, tmp_path: Path) -> None:
    judge_messages(scene, QUESTIONS)
    done = run(scene, tmp_path / "out", split=0.2)
    tested = questions_in(tmp_path / "out", "test")
    assert 2 <= len(tested) <= 12 and sum(done.rows.values()) == len(QUESTIONS)
    assert not tested & questions_in(tmp_path / "out", "train")
    assert not check(tmp_path / "out", MODEL).quality.leaks.count


def test_a_message_is_in_the_same_split_in_every_duel(scene: Scene, tmp_path: Path) -> None:
    judge_messages(scene, QUESTIONS)
    run(scene, tmp_path / "one", split=0.2)
    again = judge_messages(Scene(scene.store), [each.upper() for each in QUESTIONS[::-1]])
    done = run(again, tmp_path / "two", split=0.2)
    assert not done.left_out and sum(done.rows.values()) == 2 * len(QUESTIONS)
    tested = {each.capitalize() for each in questions_in(tmp_path / "two", "test")}
    assert tested == questions_in(tmp_path / "one", "test")


def test_a_duel_in_which_each_message_follows_the_last_is_one_conversation(
    scene: Scene, tmp_path: Path
) -> None:
    above = scene.greeting.id
    for question in QUESTIONS[:10]:
        asked = scene.say(above, question, "user").id
        above, other = scene.reply(f"Moran, {asked}.", asked), scene.reply(f"I, {asked}.", asked)
        scene.judge.compare(above, other, "left", how=DUEL)
    assert run(scene, tmp_path / "out", split=0.5).rows == {"train": 10}


def test_other_judgements_in_a_duel_belong_to_its_chat(scene: Scene, tmp_path: Path) -> None:
    judge_messages(scene, QUESTIONS[:1], Circumstances())
    judge_messages(scene, QUESTIONS[1:9])
    scene.judge.thumb(scene.reply("Moran."), 1)
    scene.judge.thumb(scene.reply("I.", scene.say(scene.greeting.id, "Me?", "user").id), 0)
    run(scene, tmp_path / "out", format="raw", split=0.5)
    by_split = {split: rows(tmp_path / "out", split) for split in ("train", "test")}
    others = {
        split: [row for row in found if row["meta"]["method"] != "duel:1"]
        for split, found in by_split.items()
    }
    assert sorted(map(len, others.values())) == [0, 4], "a pair, two thumbs, one to imitate"
    assert len(by_split["test"]) - len(others["test"]) in range(1, 8)
