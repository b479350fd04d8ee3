"""Another value of a kind than the known one, and what a Chinese card denies."""

from __future__ import annotations

from time import process_time

import pytest

from rpterm.scoring.frames.denials import affirms_denied
from rpterm.scoring.frames.kinds import other_values, values
from rpterm.scoring.frames.numbers import CHINESE_NUMBER, chinese_number
from rpterm.scoring.scene import Fact, ReplyScene
from rpterm.scoring.signals.contradiction import Contradiction

ENGLISH = ReplyScene(
    char="Mara",
    user="Jo",
    facts=(
        Fact("card.attributes:0", "Mara keeps a grey mare in the stable and drinks no wine."),
        Fact("card.attributes:1", "She paid nine coins for the saddle."),
    ),
    history=(
        (False, "I need a green cloak for the wedding on Friday."),
        (True, "You shall have it."),
        (False, "Do you remember which colour the cloak should have?"),
    ),
)
CHINESE = ReplyScene(
    char="苏梅",
    user="小林",
    facts=(
        Fact("card.attributes:0", "苏梅在成都开火锅店，女儿豆豆今年八岁。"),
        Fact("card.attributes:1", "她从来不喝酒，最爱吃红薯。"),
    ),
    history=((False, "我的黑色柴犬走丢了。"), (True, "别急。"), (False, "你女儿多大了？")),
)


def found(reply: str, scene: ReplyScene) -> list[tuple[str, str]]:
    return [(each.note, reply[each.start : each.end]) for each in other_values(reply, scene)]


@pytest.mark.parametrize(
    ("reply", "clash"),
    [
        ("A red cloak, as you said.", ("another colour", "red")),
        ("The cloak is for the funeral.", ("another occasion", "funeral")),
        ("The goat is in the stable.", ("another animal", "goat")),
        ("Twelve coins, that saddle cost me.", ("another number", "Twelve")),
    ],
)
def test_another_value_is_found_with_the_known_line(reply: str, clash: tuple[str, str]) -> None:
    assert found(reply, ENGLISH) == [clash]
    evidence = Contradiction().measure(reply, ENGLISH).evidence
    assert evidence[0].line and clash[1] in reply[evidence[0].start : evidence[0].end]


@pytest.mark.parametrize(
    "reply",
    [
        "A green cloak.",
        "Green, not red.",
        "Not the red cloak.",
        "Green on the outside of the cloak and red on the inside.",
        "If it were a red cloak, I would laugh.",
        "I grew up by the sea.",
    ],
)
def test_the_known_value_or_none_is_no_clash(reply: str) -> None:
    assert not [*other_values(reply, ENGLISH)]


def test_a_number_of_the_same_line_is_no_other_number() -> None:
    history = (
        (True, "Mara wants three coins: one now, two later."),
        (False, "Here."),
        (True, "Go."),
    )
    scene = ReplyScene("Mara", "Jo", history=(*history, (False, "How many coins are left?")))
    assert found("Four coins are left!", scene) and not found("Two coins are left!", scene)


@pytest.mark.parametrize("greeting", ["Morning Sam!", "Good evening, Sam.", "早上好!"])
def test_a_greeting_names_no_hour(greeting: str) -> None:
    assert not values(greeting)
    assert values("I came in the morning.") and values("昨天早上我来了。")


@pytest.mark.parametrize(
    "reply",
    [
        "Look, a goat!",
        "*He hooks the curtains back on a grey park.* About the cloak: it is ready.",
        "Blue are the hills, and the cloak is ready.",
    ],
)
def test_a_value_of_something_else_is_no_clash(reply: str) -> None:
    assert not found(reply, ENGLISH)


@pytest.mark.parametrize(
    ("reply", "clash"),
    [
        ("我女儿今年十五岁了。", ("another number", "十五岁")),
        ("我儿子今年上小学。", ("another child", "儿子")),
        ("你那只白色柴犬？", ("another colour", "白色")),
    ],
)
def test_another_value_is_found_in_chinese(reply: str, clash: tuple[str, str]) -> None:
    assert clash in found(reply, CHINESE)


def test_the_known_value_in_chinese_is_no_clash() -> None:
    assert not [*other_values("我女儿八岁了，你的黑色柴犬找到了吗？", CHINESE)]


def test_a_chinese_reply_may_not_affirm_what_the_card_denies() -> None:
    reply = "好！我最爱喝白酒。"
    (evidence,) = affirms_denied(reply, CHINESE)
    assert reply[evidence.start : evidence.end] == "我最爱喝白酒"
    for kept in ("我不喝酒。", "你喝酒吗？", "我最爱吃红薯。", "I love wine."):
        assert not [*affirms_denied(kept, CHINESE)]


@pytest.mark.parametrize(
    ("reply", "forgets"),
    [
        ("Remind me, what was it again?", "Remind me, what"),
        ("I don't remember what you ordered.", "don't remember what you"),
        ("你要的是什么来着？", "来着？"),
        ("I remember it well.", ""),
    ],
)
def test_who_has_forgotten_says_so(reply: str, forgets: str) -> None:
    evidence = Contradiction().measure(reply, CHINESE).evidence
    assert [reply[each.start : each.end] for each in evidence] == [forgets] * bool(forgets)
    first_turn = ReplyScene(facts=CHINESE.facts, history=((False, "你好。"),))
    assert not Contradiction().measure(reply, first_turn).evidence


def test_many_values_take_no_time() -> None:
    text = "red brother, two dogs and " * 2_000
    scene = ReplyScene(facts=ENGLISH.facts, history=((False, text), (True, text), (False, text)))
    started = process_time()
    assert not [*other_values(text, scene)]
    assert process_time() - started < 2


@pytest.mark.parametrize(
    ("text", "value"),
    [("41", 41), ("四十一", 41), ("十五", 15), ("两百零三", 203), ("三千", 3000), ("八", 8),
     ("1" * 5000, int("1" * 30))],
)  # fmt: skip
def test_chinese_numbers_are_read(text: str, value: int) -> None:
    assert CHINESE_NUMBER.fullmatch(text)
    assert chinese_number(text) == value
