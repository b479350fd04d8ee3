"""Engagement, proactivity, empathy and sound text, on sentences written with and without each."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from rpterm.scoring.coefficients import load_coefficients
from rpterm.scoring.findings import broken_spans, findings, weakest_dimension
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.scorer import Scorer
from rpterm.scoring.signal import Signal
from rpterm.scoring.signals.empathy import Empathy
from rpterm.scoring.signals.engagement import Engagement
from rpterm.scoring.signals.garbled import Garbled
from rpterm.scoring.signals.proactivity import Proactivity

SAID = tomllib.loads(Path(__file__).with_name("attractive.toml").read_text("utf-8"))
SCENE = ReplyScene("Ines", "Tom", (Fact("card.attributes:0", "Ines mends nets."),))
HALF = 0.5


def found(signal: Signal, text: str, asked: str = "What happened then?") -> bool:
    scene = ReplyScene("Ines", "Tom", SCENE.facts, history=((False, asked),))
    reading = signal.measure(text, scene)
    assert all(0 <= each.start <= each.end <= len(text) for each in reading.evidence)
    return reading.confidence > 0 and reading.value > (0.0 if signal.name == "garbled" else HALF)


def rates(signal: Signal) -> tuple[float, float]:
    """Recall and false alarms."""
    lists = SAID[signal.name]
    good = [found(signal, text) for text in lists["good"]]
    plain = [found(signal, text) for text in lists["plain"]]
    return sum(good) / len(good), sum(plain) / len(plain)


@pytest.mark.parametrize("signal", [Engagement(), Proactivity(), Garbled()], ids=lambda s: s.name)
def test_what_was_planted_is_found(signal: Signal) -> None:
    recall, alarms = rates(signal)
    assert recall >= 0.8 and alarms <= 0.1, (recall, alarms)


def test_empathy_is_asked_only_where_a_feeling_was_stated() -> None:
    def values(kind: str) -> list[float | None]:
        readings = [
            Empathy().measure(reply, ReplyScene("Ines", "Tom", history=((False, said),)))
            for table in SAID["empathy"][kind]
            for said, reply in table["turns"]
        ]
        return [each.value if each.confidence > 0 else None for each in readings]

    good, plain = values("good"), values("plain")
    assert None not in (*good, *plain)
    assert sum(value > HALF for value in good if value is not None) >= 0.8 * len(good)
    assert sum(value > HALF for value in plain if value is not None) <= 0.1 * len(plain)
    assert values("nothing") == [None] * 8


def test_brushing_a_feeling_aside_undoes_every_kind_word() -> None:
    scene = ReplyScene("Ines", "Tom", history=((False, "I am so tired."),))
    reply = "I am sorry. *She pours you a cup.* But get over it."
    reading = Empathy().measure(reply, scene)
    assert reading.value == 0
    assert reply[slice(reading.evidence[0].start, reading.evidence[0].end)] == "get over it"


def test_attractiveness_has_a_bar_and_no_part_in_the_probability() -> None:
    lively = "Come and see what the tide left: a brass lamp, and a name scratched in it!"
    score = Scorer().score_quickly(lively, SCENE)
    assert score.dimensions["attractiveness"] == pytest.approx(
        (score.readings["engagement"].value + score.readings["proactivity"].value) / 2
    )
    kinds = {each.signal: (each.kind, each.adds) for each in findings(score)}
    assert kinds["engagement"] == kinds["proactivity"] == ("appeal", 0.0)
    assert kinds["empathy"][0] == "mute"
    assert not {"engagement", "proactivity", "empathy"} & set(load_coefficients().fast)
    assert weakest_dimension(score) != "attractiveness"


def test_who_writes_without_full_stops_does_not_stop_in_mid_sentence() -> None:
    reply = "yeah i was there and it was fine"
    assert Garbled().measure(reply, SCENE).value == 0.3
    casual = replace(SCENE, own_lines=("nah not today i have to feed the cat",))
    assert Garbled().measure(reply, casual).value == 0


@pytest.mark.parametrize(
    ("reply", "open_at"),
    [
        ("„Trink du. Ich rühr keins an.“", None),
        ("*Er nickt.* »Dann iss was.«", None),
        ("« Et alors ? » dit-elle.", None),
        ('"One goes on.\n\n"Two ends."', None),
        ("„Trink du. Ich rühr keins an.", 0),
        ("*He nods and goes out.\n\nIt rains.", 0),
        ("“Wait.” “Come in, you fool.", 8),
    ],
)
def test_a_mark_is_open_until_what_closes_it_in_its_language(
    reply: str, open_at: int | None
) -> None:
    evidence = Garbled().measure(reply, SCENE).evidence
    assert [each.start for each in evidence if "closed" in each.note] == (
        [] if open_at is None else [open_at]
    )


def test_garbled_text_cuts_the_conversation_and_is_underlined() -> None:
    sound = Scorer().score_quickly("I mend nets in the harbour.", SCENE)
    broken = Scorer().score_quickly("I mend nets in the harbour.<|im_end|>", SCENE)
    assert (sound.dimensions["conversation"] or 0) > 0.5 and broken.dimensions["conversation"] == 0
    assert (27, 37) in broken_spans(broken)
    assert broken.probability < sound.probability


@pytest.mark.parametrize(
    ("reply", "garbled"),
    [
        ("Sister the of wedding a to rings your. Remember have the in you.", "the of"),
        ("You have your sister's wedding, and the rings. Remember the coat? The… the big one.", ""),
        ("I got an A in Latin. Look at the to-do list.", ""),
    ],
)
def test_words_in_no_order_are_garbled(reply: str, garbled: str) -> None:
    evidence = Garbled().measure(reply, SCENE).evidence
    assert [reply[each.start : each.end] for each in evidence] == [garbled] * bool(garbled)
