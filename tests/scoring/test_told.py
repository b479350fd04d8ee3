"""A reply that forgets what the user told, or denies the card's people, in two languages."""

from __future__ import annotations

import pytest

from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signals.contradiction import Contradiction
from rpterm.scoring.signals.relations import Relations

FACTS = (
    "Irma is a widow and a ferry pilot. Her cook is called Bo.",
    "She is 41 years old and no longer a smoker.",
)
TOLD = (
    "I live in Turku, not Vaasa, and I'm a vet. My dog is outside.",
    "I can't drink tea, and I'm vegan. I play the flute. Please, no mustard.",
    "My brother is seasick. No rush, I don't have an umbrella.",
)
CHINESE_FACTS = ("父亲早逝。", "她尚未嫁人，滴酒不沾。", "喜欢：下雨天、围棋。", "她有一个弟弟。")


def notes(reply: str, facts: tuple[str, ...] = FACTS, told: tuple[str, ...] = TOLD) -> list[str]:
    history = [turn for text in told for turn in ((False, text), (True, "I see."))]
    scene = ReplyScene(
        char="Irma",
        user="Sol",
        facts=tuple(Fact(f"card.attributes:{at}", text) for at, text in enumerate(facts)),
        history=(*history, (False, "Well?")),
    )
    return [each.note for each in Contradiction().measure(reply, scene).evidence]


@pytest.mark.parametrize(
    ("reply", "note"),
    [
        ("You live in Oulu, don't you, it's far.", "earlier it was another place"),
        ("So what do you do for a living?", "asks for the work that was given"),
        ("Have you got any pets?", "asks for the pets that was given"),
        ("Do you play any instruments?", "asks for the instrument that was given"),
        ("Where do you live?", "asks for the home that was given"),
        ("I didn't know you had a dog.", "has forgotten what was said"),
        ("Here's a mug of tea.", "you said that you do not take this"),
        ("Have some of the mustard with it.", "you said that you do not take this"),
        ("I kept a sausage for you.", "you said that you do not take this"),
        ("Bo who?", "the card knows Bo"),
        ("I've never met anybody called Bo.", "the card knows Bo"),
        ("My husband is waiting below.", "the card says otherwise"),
        ("I'm not a pilot.", "the card says: pilot"),
        ("I'm a baker, what would I know about ships?", "the card says: pilot"),
    ],
)
def test_what_was_told_is_not_forgotten(reply: str, note: str) -> None:
    assert note in notes(reply)


@pytest.mark.parametrize(
    "reply",
    [
        "You live in Turku, it's far.",
        "Do you miss Vaasa?",
        "Did you live in Vaasa once, or was that Oulu?",
        "What do you do when it rains?",
        "Do you have any children?",
        "I know you can't drink tea.",
        "I drink my tea cold, always have.",
        "No mustard for you, then.",
        "Bo will carry the bags.",
        "I inherited it from my husband.",
        "I've been at it for twelve years.",
        "I'm not a landlubber.",
        "I didn't know you had a plan.",
        "Take your umbrella, and you can't rush a ferry.",
    ],
)
def test_who_remembers_raises_no_alarm(reply: str) -> None:
    assert not notes(reply), reply


@pytest.mark.parametrize(
    ("reply", "breaks"),
    [
        ("他能吃能睡，早就好了。", False), ("你奶奶好吗？", False), ("我去看了医生。", False),
        ("我爸爸刚才来过。", True), ("我爸爸去世得早。", False), ("我妈妈在家。", False),
        ("我丈夫在家等我。", True), ("丈夫和我一起做饭。", True), ("我喝酒喝得不少。", True),
        ("我最讨厌下雨天了。", True), ("我是独生女。", True), ("先喝口奶茶。", True),
        ("你是做什么的？", True), ("我还没嫁人呢。", False), ("我弟弟爱下围棋。", False),
        ("下雨天真好。", False), ("喝碗汤吧。", False),
    ],
)  # fmt: skip
def test_the_same_in_chinese(reply: str, breaks: bool) -> None:
    told = ("我在一家医院工作，对奶过敏。酒我就不喝了。", "我叫阿明。")
    assert bool(notes(reply, CHINESE_FACTS, told)) == breaks


@pytest.mark.parametrize(
    ("told", "reply"),
    [
        ("Nadja and I broke up in May.", "How is Nadja? Bring her along!"),
        ("My uncle passed away.", "Your uncle must miss you."),
        ("我奶奶去年去世了。", "你奶奶身体还好吗？"),
        ("我跟女朋友分手了。", "你女朋友还好吗？"),
    ],
)
def test_nobody_asks_after_the_lost(told: str, reply: str) -> None:
    assert "you said that they are gone" in notes(reply, told=(told, "Yes."))
    assert not notes(reply, told=("Nadja and my uncle were here. 我奶奶来了。", "Yes."))


@pytest.mark.parametrize(
    ("told", "reply", "right"),
    [
        ("The captain waits at Pier 19.", "See the captain at Pier 9.", "At Pier 19, then."),
        ("My left knee hurts.", "Show me that right knee.", "Show me the left knee."),
        ("The boat sails at nine p.m.", "The boat sails at eleven p.m.", "At nine p.m., then."),
    ],
)
def test_another_side_or_hour_or_berth(told: str, reply: str, right: str) -> None:
    assert notes(reply, told=(told, "Yes."))
    assert not notes(right, told=(told, "Yes."))


def test_a_role_of_a_role_is_not_the_first_role() -> None:
    scene = ReplyScene(char="Irma", facts=(Fact("card.relations:0", "Her nephew Bo cooks."),))
    assert not Relations().measure("This is Bo, my sister's boy.", scene).value
    assert not Relations().measure("Bo is my cook, my father gave him the job.", scene).value
    assert Relations().measure("This is Bo, my father.", scene).value


def test_cheering_states_nothing_and_contradicts_nothing() -> None:
    history = ((True, "Keep going for the harbour!"), (False, "It rains."))
    cheered = ReplyScene(char="Irma", history=history)
    assert not Contradiction().measure("Never stop going for the harbour!", cheered).value
    stated = ReplyScene(char="Irma", history=((True, "We are going to the harbour."),))
    assert Contradiction().measure("We are not going to the harbour.", stated).value


def test_an_age_is_no_duration_and_another_age_is_found() -> None:
    facts = ("He lost an ear to a crab when he was seven. He is 30 years old.",)
    ear = ("How did you lose that ear?",)
    assert "another number" in notes("The crab took that ear when I was twelve.", facts, ear)
    assert not notes("I have been at sea for eighteen years.", facts, ear)
