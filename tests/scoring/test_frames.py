"""Frames: a reply contradicts the card in another person, taste, number, trade, place or colour."""

from __future__ import annotations

from time import process_time

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.scoring.frames.numbers import number
from rpterm.scoring.scene import Fact, ReplyScene, scene_of
from rpterm.scoring.signals.contradiction import Contradiction

FACTS = (
    "Odo is 46 and works as a beekeeper near Arles. He grew up in Ghent.",
    "His brother Luc is a priest. His wife Jeanne died in spring.",
    "He has two sons, Remi and Paul. He has never been married again.",
    "Likes: figs, brass bands. Dislikes: cats, sermons.",
    "He cannot whistle, never eats meat and wears a brown hat.",
    "He keeps forty-one hives and owes nobody. His mule is called Pippin.",
)


def notes(reply: str, *facts: str, history: tuple[tuple[bool, str], ...] = ()) -> list[str]:
    lines = tuple(Fact(f"card.attributes:{at}", text) for at, text in enumerate(facts or FACTS))
    scene = ReplyScene(char="Odo", user="Ann", facts=lines, history=history)
    return [each.note for each in Contradiction().measure(reply, scene).evidence]


@pytest.mark.parametrize(
    "reply",
    [
        "My brother Karel would laugh at you.",
        "My daughter Lise is learning the trade.",
        "My wife Jeanne is waiting for us at home.",
        "I have three boys, and they eat like wolves.",
        "I love cats. There are six in the house.",
        "Figs? Can't stand them.",
        "I can't stand figs, never could.",
        "I always whistle while I work.",
        "I eat meat every Sunday.",
        "I've been a baker all my life.",
        "I grew up in Antwerp, by the docks.",
        "I'm only thirty, you know.",
        "I've got twelve hives, that's plenty.",
        "*takes off his white hat*",
    ],
)
def test_one_swapped_point_is_found(reply: str) -> None:
    assert notes(reply), reply


def test_who_is_one_of_several_excludes_no_other() -> None:
    reply = "I fear that my sister Mary plays better."
    assert notes(reply, "Her sister is Jane.")
    assert not notes(reply, "Her closest sister is Jane.")
    assert not notes("My other sister Mary plays better.", "Her sister is Jane.")


@pytest.mark.parametrize(
    ("fact", "reply"),
    [
        ("It has never lost a boat that answered.", "I led thirty boats in, but I lost a trawler."),
        ("Agda gives nothing without a trade.", "I trade in names, memories and secrets."),
        ("Agda sleeps until the thaw.", "I sleep until the thaw and I cannot read."),
        ("She does not say on air that she is ill.", "I am on air from midnight to four."),
        ("Bo counted other people's sleeping pills.", "I cannot sleep at night."),
        ("Amílcar lives in Graça.", "I live in Graca."),
    ],
)
def test_words_of_a_line_about_something_else_are_no_contradiction(fact: str, reply: str) -> None:
    assert not notes(reply, fact)


def test_zero_is_a_denial() -> None:
    talk = ((True, "One oat latte, zero grams of sugar."), (False, "The same again?"))
    assert not notes("One more oat latte, without sugar.", history=talk)


@pytest.mark.parametrize(
    "reply",
    [
        "My brother Luc would laugh at you. He's a priest, he may.",
        "My sons are on the hill. Remi sings and Paul counts.",
        "Jeanne died in spring. My wife was the one who sang.",
        "I can't stand cats, they scare the bees.",
        "Whistle? I never could.",
        "No meat for me. I'll have the beans.",
        "I keep bees, forty-one hives of them.",
        "I grew up in Ghent, and I miss the rain.",
        "If I were a baker I'd sleep less.",
        "I wish I had a daughter.",
        "Would you rather I said that I love cats?",
        "*takes off his brown hat and fans himself with it*",
        "Do you have two brothers, too?",
    ],
)
def test_what_agrees_or_is_not_claimed_raises_no_alarm(reply: str) -> None:
    assert not notes(reply), reply


def test_the_line_and_the_sentence_are_named() -> None:
    scene = ReplyScene(
        char="Odo", facts=(Fact("card.attributes:0", "His brother Luc is a priest."),)
    )
    reply = "Sit down. My brother Karel would laugh."
    evidence = Contradiction().measure(reply, scene).evidence[0]
    assert reply[evidence.start : evidence.end] == "My brother Karel would laugh."
    assert (evidence.source, evidence.line) == ("card.attributes:0", "His brother Luc is a priest.")
    assert "Luc" in evidence.note


@pytest.mark.parametrize("text", ["a" * 20_000, "my brother " * 2_000, "I really really " * 1_000])
def test_garbled_text_without_an_end_takes_no_time(text: str) -> None:
    started = process_time()
    assert not notes(text, *FACTS, text, history=((False, text), (True, text)))
    scene_of(CharacterCard("Odo", description=text))
    assert process_time() - started < 2


def test_a_name_is_known_as_the_beginning_of_a_name_and_not_within_a_word() -> None:
    facts = ("He always whistles but cannot swim.", "His brother Lucas is a priest.")
    assert notes("My brother Al would laugh at you.", *facts)
    assert notes("My brother Ann would laugh at you.", *facts)
    assert not notes("My brother Luc would laugh at you.", *facts)


@pytest.mark.parametrize("line", ["Odo does not drink.", "Odo never drinks alcohol."])
def test_who_does_not_drink_may_drink_tea(line: str) -> None:
    assert notes("I drink a glass of wine.", line)
    assert not notes("I drink my tea slowly.", line)


def test_what_the_user_said_of_their_people_counts_too() -> None:
    history = (
        (False, "It is a present for my brother Owen."),
        (True, "How kind."),
        (False, "And?"),
    )
    assert notes("Your brother Peter will like it.", "He is kind.", history=history)
    assert not notes("Your brother Owen will like it.", "He is kind.", history=history)


@pytest.mark.parametrize(
    ("asked", "reply", "wrong"),
    [
        ("Here, a cat!", "Oh, give me that! It's the loveliest in the world.", True),
        ("A sermon tonight?", "There's nothing I like better. What a joy!", True),
        ("A sermon tonight?", "Ugh, no. I could listen to the rain instead.", False),
        ("A concert tonight?", "What a joy! Shall we go?", False),
        ("Give me a cat!", "Luc has one, and two dogs as well.", False),
        ("How's your wife?", "She's in the garden.", True),
        ("How's your brother?", "He's in the garden.", False),
        ("Where's Jeanne?", "Jeanne? Why, she's asleep.", False),
        ("Where were you born?", "In Paris. Odd, isn't it?", True),
        ("Where were you born?", "In Ghent. Odd, isn't it?", False),
    ],
)
def test_an_answer_is_read_with_what_it_answers(asked: str, reply: str, wrong: bool) -> None:
    assert bool(notes(reply, history=((False, asked),))) is wrong


def test_it_means_what_the_user_asked_about() -> None:
    history = ((False, "Do you like brass bands?"),)
    assert notes("No, I hate it. I hate them all.", history=history)
    assert not notes("I love them.", history=history)


@pytest.mark.parametrize(
    ("text", "value"),
    [("41", 41), ("forty-one", 41), ("seven-and-twenty", 27), ("a hundred and two", 102),
     ("seven hundred", 700), ("1,200", 1200), ("two thousand", 2000), ("bees", None), ("and", None),
     ("", None), ("1" * 5000, int("1" * 30))],
)  # fmt: skip
def test_numbers_are_read_in_words_and_digits(text: str, value: int | None) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("asked", "reply", "wrong"),
    [
        ("What is my sister called?", '"Emily." *A smile is on the face of the woman.', True),
        ("What's my sister's name?", "It's Emily.", True),
        ("Who is my sister?", "Ana. You told me.", False),
        ("What is my sister called?", "Leo. Her name is Ana.", False),
        ("What is my brother called?", "Emily.", False),
        ("Where is my sister?", "Lisbon.", False),
        ("What is my sister called?", "Nothing. Guess!", False),
    ],
)
def test_a_name_alone_answers_the_question_for_one(asked: str, reply: str, wrong: bool) -> None:
    said = (False, "I am Leo, I have a sister called Ana."), (True, "Ah."), (False, asked)
    reading = Contradiction().measure(reply, ReplyScene(char="Keeper", user="Leo", history=said))
    assert bool(reading.evidence) is wrong


@pytest.mark.parametrize(
    ("reply", "wrong"),
    [
        ("Your name is Tom, I believe.", True),
        ("Your name is Leo, of course.", False),
        ("Your name is Sailor here.", False),
        ("Your name is on the list.", False),
    ],
)
def test_another_name_than_the_user_gave_is_found(reply: str, wrong: bool) -> None:
    said = (False, "My name is Leo."), (True, "Ah."), (False, "What is my name?")
    reading = Contradiction().measure(reply, ReplyScene(char="Keeper", user="Sailor", history=said))
    assert [each.note for each in reading.evidence] == ["not your name"] * wrong
