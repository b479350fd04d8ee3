"""A reply that tells the card again, and what it must not count as."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rpterm.scoring.combine import Term, log_odds
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signals.card_and_context import FactWords
from rpterm.scoring.signals.memory import MemoryWords
from rpterm.scoring.signals.recital import Recital, without_recital

FACTS = (
    "Ines drives tram 28 in Lisbon.",
    "Ines was born in Alfama and hates tuk-tuks.",
    "Tomás, her grandson, collects brass buttons.",
    "伊内斯每天早晨喝两杯咖啡。",
)
SCENE = ReplyScene(
    char="Ines",
    user="Tom",
    facts=tuple(Fact(f"card.attributes:{at}", text) for at, text in enumerate(FACTS)),
    history=((False, "My feet are wet."),),
)
CARD_AGAIN = "I am Ines and I drive tram 28 in Lisbon. I was born in Alfama, and I hate tuk-tuks."


def asked(message: str) -> ReplyScene:
    return replace(SCENE, history=((False, message),))


@pytest.mark.parametrize(
    ("message", "reply", "lines"),
    [
        ("My feet are wet.", CARD_AGAIN, ["card.attributes:0", *["card.attributes:1"] * 2]),
        (
            "Do you think it will rain?",
            f"Oh. {CARD_AGAIN} My grandson Tomas collects brass buttons.",
            ["card.attributes:0", *["card.attributes:1"] * 2, "card.attributes:2"],
        ),
        ("外面下雨了。", f"伊内斯每天早晨喝两杯咖啡。{CARD_AGAIN}", None),
    ],
)
def test_more_of_the_card_than_was_asked_for_is_a_recital(
    message: str, reply: str, lines: list[str] | None
) -> None:
    reading = Recital().measure(reply, asked(message))
    assert reading.value > 0.8
    assert lines is None or [each.source for each in reading.evidence] == lines


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("My feet are wet.", "I drive tram 28 in Lisbon. You can dry them on my heater."),
        ("Who are you, exactly?", CARD_AGAIN),
        ("Tell me something about yourself!", CARD_AGAIN),
        ("Do you have a family?", CARD_AGAIN),
        ("你是谁？", CARD_AGAIN),
        ("Where do you work? Where were you born?", CARD_AGAIN),
        ("My feet are wet.", "Alfama floods. Lisbon drowns. Even tuk-tuks float in this."),
        ("My feet are wet.", ""),
    ],
)
def test_what_was_asked_for_or_is_little_is_none(message: str, reply: str) -> None:
    assert Recital().measure(reply, asked(message)).value == 0
    assert without_recital(reply, asked(message)) == reply


def test_a_recital_shows_neither_knowledge_nor_memory() -> None:
    terms = {"fact_words": Term(1.0), "memory_words": Term(1.0)}
    signals = (FactWords(), MemoryWords())
    told, answered = (
        log_odds({each.name: each.measure(CARD_AGAIN, scene) for each in signals}, terms)
        for scene in (SCENE, asked("Who are you?"))
    )
    assert told < 1 < answered
