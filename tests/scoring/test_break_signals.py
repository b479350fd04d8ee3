"""Signals that read words alone: what they find, what they must let pass, where they point."""

from __future__ import annotations

import pytest

from rpterm.bench.figures import calibration_error, share
from rpterm.scoring.records import Fact, Scene
from rpterm.scoring.signals.anachronism import Anachronism
from rpterm.scoring.signals.assistant import AssistantVoice
from rpterm.scoring.signals.contradiction import Contradiction
from rpterm.scoring.signals.parroting import Parroting
from rpterm.scoring.signals.repetition import Repetition
from rpterm.scoring.signals.speaking import Speaking

SCENE = Scene(
    char="Ines",
    user="Tom",
    facts=(Fact("card.attributes:0", "Ines has 3 boats in the harbour."),),
    history=((True, "The tide takes what it likes from us all."), (False, "What is a radio?")),
    knows_until=1800,
)


@pytest.mark.parametrize("reply", ["Tom: Yes.", "*You sit down.*", '*Tom nods.* "Good."'])
def test_the_users_part_is_noticed(reply: str) -> None:
    assert Speaking().measure(reply, SCENE).value == 1


@pytest.mark.parametrize("reply", ['*She looks at you.* "You look tired."', "You are late, Tom."])
def test_speech_to_the_user_passes(reply: str) -> None:
    assert Speaking().measure(reply, SCENE).value == 0


def test_assistant_voice_needs_one_sure_or_two_mild_phrases() -> None:
    signal = AssistantVoice()
    assert signal.measure("As an AI, I have no boat.", SCENE).value == 1
    assert signal.measure("How may I help you, sir?", SCENE).value == 0.5
    assert signal.measure("The sea is cold.", SCENE).value == 0


def test_anachronism_names_the_word_and_lets_ignorance_pass() -> None:
    reading = Anachronism().measure("I took a photograph of it.", SCENE)
    assert reading.value == 1
    evidence = reading.evidence[0]
    assert "I took a photograph of it."[evidence.start : evidence.end] == "photograph"
    assert Anachronism().measure("What is a radio?", SCENE).value == 0
    assert Anachronism().measure("A radio stands there.", Scene()).confidence == 0


def test_contradiction_of_a_number_names_the_line() -> None:
    reading = Contradiction().measure("I have 5 boats in the harbour.", SCENE)
    assert reading.value > 0 and reading.evidence[0].source == "card.attributes:0"
    assert Contradiction().measure("I have 3 boats in the harbour.", SCENE).value == 0


def test_repetition_and_parroting_point_at_the_words() -> None:
    said = "As I told you, the tide takes what it likes from us."
    assert Repetition().measure(said, SCENE).evidence[0].source == "turn:-2"
    assert Parroting().measure("Ines has 3 boats in the harbour.", SCENE).value > 0.8
    assert Parroting().measure("We sail at dawn.", SCENE).value == 0


def test_figures() -> None:
    half = share([True, False] * 50)
    assert half["value"] == 0.5 and 0.39 < half["low"] < 0.41
    assert calibration_error([0.9, 0.9], [True, False]) == pytest.approx(0.4)
