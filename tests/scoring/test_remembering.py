"""What a reply says that was known before, and its benchmark, on texts easily seen through."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from letters import Letters

from rpterm.bench import told
from rpterm.bench.locomo import read
from rpterm.bench.rated import scenes
from rpterm.cli.bench import bench
from rpterm.errors import RptermError
from rpterm.scoring.coefficients import load_coefficients
from rpterm.scoring.embedding import EmbeddingCache
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signals.memory import MemoryAsked, MemoryWords
from rpterm.scoring.word_frequency import probability_in, rarity

FACTS = (Fact("card.attributes:0", "Keeps bees behind the chapel."),)
TALK = (
    (False, "Where did you sail?"),
    (True, "To Bergen, with a cargo of salt."),
    (False, "And where did you learn that?"),
)


def words(reply: str, history: tuple[tuple[bool, str], ...] = TALK) -> float:
    return MemoryWords().measure(reply, ReplyScene(facts=FACTS, history=history)).value


def test_what_was_said_or_stands_on_the_card_is_remembered() -> None:
    told_before, of_the_card, new = "In Bergen.", "From my bees.", "In Lisbon."
    assert words(told_before) > 0.9 and words(of_the_card) > 0.9 and words(new) < 0


def test_the_words_of_the_last_turn_are_no_memory() -> None:
    ended = (*TALK[:2], (False, "Is Bergen cold?"))
    assert MemoryWords().measure("Bergen!", ReplyScene(history=ended)).confidence == 0
    assert words("Bergen in Lisbon.", ended) < 0


def test_a_name_of_the_two_is_no_memory() -> None:
    history = ((True, "I am Holmes."), (False, "And I am Ashby."), (False, "What now?"))
    scene = ReplyScene(char="Sherlock Holmes", user="Ashby", facts=FACTS, history=history)
    for reply in ("You are Ashby!", "Holmes, Ashby, Sherlock!"):
        assert MemoryWords().measure(reply, scene).confidence == 0
    assert MemoryWords().measure("My bees, Ashby.", scene).evidence[0].source == FACTS[0].source


def test_much_that_is_known_makes_a_common_word_no_memory() -> None:
    long_talk = (*((at % 2 == 1, "We work, we sleep, we love.") for at in range(300)), TALK[2])
    rare = (*long_talk[:150], (True, "Bergen."), *long_talk[150:])
    assert words("We work.", long_talk) < words("Work.", TALK[:0]) + 0.2
    assert words("In Bergen.", rare) > words("We work.", long_talk)


def test_a_rare_word_tells_more_than_a_common_one() -> None:
    assert rarity("paddington") > rarity("violin") > rarity("fall") > rarity("go")
    assert rarity("zyzzyx") == rarity("qwertzu") < 10.1
    assert (
        probability_in("go", 400)
        > probability_in("fall", 400)
        > probability_in("paddington", 4000)
        > 0
    )


@pytest.mark.parametrize("turns", [10, 60, 250, 500])
@pytest.mark.parametrize("length", [1, 3])
def test_what_has_nothing_to_do_with_a_talk_is_no_memory_of_it_however_long(
    turns: int, length: int
) -> None:
    written = scenes("rated_read.toml")
    lines = [text for scene in written[:40] for _, text in scene["talk"]]
    others = [reply[3] for scene in written[40:] for reply in scene["replies"]]
    talk = tuple((at % 2 == 0, line) for at, line in enumerate(lines[:turns]))
    replies = [" ".join(others[at : at + length]) for at in range(0, len(others), length)]
    found = [words(reply, talk) for reply in replies]
    assert abs(sum(found) / len(found)) < 1.5


def test_chinese_is_compared_by_pairs_of_characters() -> None:
    scene = ReplyScene(char="沈月", facts=(Fact("card.attributes:0", "沈月怕打雷，喜欢旧书。"),))
    signal = MemoryWords()
    knows, evades = "打雷了，我躲进旧书堆里。", "今天天气不错，我们走吧。"
    found = signal.measure(knows, scene)
    assert found.value > 1 > signal.measure(evades, scene).value
    assert {each.source for each in found.evidence} == {"card.attributes:0"}
    assert {"打雷", "旧书"} & {knows[each.start : each.end] for each in found.evidence}
    assert rarity("我们") < rarity("打雷")
    assert signal.measure("沈月点点头。", scene).value <= 0


def test_evidence_names_the_word_and_the_latest_line_that_has_it() -> None:
    reading = MemoryWords().measure("I’d say Bergen.", ReplyScene(facts=FACTS, history=TALK))
    (found,) = reading.evidence
    assert (found.start, found.end, found.source) == (8, 14, "turn:-2")
    assert found.line == TALK[1][1]


def test_evidence_is_the_word_and_not_a_part_of_another() -> None:
    scene = ReplyScene(history=((True, "The tea is cold."), (False, "What?")))
    found = MemoryWords().measure("Steady with the tea.", scene).evidence
    assert [(each.start, each.end) for each in found] == [(16, 19)]


def test_a_contraction_is_no_evidence() -> None:
    scene = ReplyScene(history=((True, "You've a barge."), (False, "What have I?")))
    found = MemoryWords().measure("You’ve a barge.", scene).evidence
    assert [(each.start, each.end) for each in found] == [(9, 14)]


@pytest.mark.parametrize("signal", [MemoryWords(), MemoryAsked(Letters().encode)])
def test_with_nothing_known_or_said_there_is_nothing_to_go_by(
    signal: MemoryWords | MemoryAsked,
) -> None:
    assert signal.measure("My boat.", ReplyScene()).confidence == 0
    assert signal.measure("My boat.", ReplyScene(history=TALK[:1])).confidence == 0
    assert signal.measure("  ", ReplyScene(facts=FACTS, history=TALK)).confidence == 0


def test_what_was_asked_for_counts_more_than_what_else_is_known() -> None:
    asked = MemoryAsked(Letters().encode)
    between = tuple((at % 2 == 0, "zyzzyx") for at in range(30))
    history = ((False, "my boat leaks oil"), *between, (True, "mmm honey"), (False, "boat ?"))
    scene = ReplyScene(history=history)
    told, other = (asked.measure(reply, scene) for reply in ("oil", "honey"))
    assert told.value > 0 > other.value
    assert told.evidence[0].line == "my boat leaks oil"
    assert asked.measure("sugar", scene).value == 0


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    """One conversation whose answers stand in it word for word."""
    cities = ("Bergen", "Lisbon", "Tunis", "Odessa", "Cadiz")
    lines = [
        {"speaker": ("Ann", "Bob")[at % 2], "dia_id": f"D1:{at + 1}", "text": f"We saw {city}."}
        for at, city in enumerate(cities)
    ]
    questions = [
        {"question": "What did you see?", "answer": city, "evidence": [f"D1:{at + 1}"],
         "category": 4}
        for at, city in enumerate((*cities[:4], "Oslo"))
    ]  # fmt: skip
    file = tmp_path / "talks.json"
    file.write_text(json.dumps([{
        "sample_id": "small", "qa": questions,
        "conversation": {"session_1": lines, "session_1_date_time": "1:56 pm on 8 May, 2023"},
    }]))  # fmt: skip
    return file


def test_the_one_who_said_it_is_asked(talks: Path) -> None:
    asked = told.draw(read(talks), 0)
    assert len(asked) == 5 and all(len(each.answers) == 4 for each in asked)
    bergen = next(each for each in asked if each.answers[0] == "Bergen")
    assert bergen.scene.history[0] == (True, "We saw Bergen.")
    assert bergen.scene.asked == "What did you see?"


def test_an_answer_that_was_said_wins_and_one_that_was_not_loses(talks: Path) -> None:
    measured = told.measure(told.draw(read(talks), 0), EmbeddingCache(Letters()), None)
    figures = told.report(measured)
    assert figures["questions"] == 5 and "pairwise" not in figures
    # Of twenty pairs sixteen have a right answer that was said, and some of the wrong ones, too.
    assert 0.4 < figures["memory_words alone"] < 0.8
    assert len(told.choices(measured, slow=False)) == 5


def test_conversations_it_was_fitted_on_are_refused(talks: Path, tmp_path: Path) -> None:
    name = next(iter(load_coefficients().talks))
    fitted = tmp_path / "fitted.json"
    fitted.write_text(talks.read_text().replace("small", name))
    with pytest.raises(RptermError, match="fitted on every conversation"):
        bench("told", locomo=fitted)
