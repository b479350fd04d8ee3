"""What is appended to a text that left quotes, actions or brackets open."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rpterm.text.open_marks import closing_marks


@pytest.mark.parametrize(
    ("text", "closing"),
    [
        ("He says, \"It is beautiful, isn't it?", '"'),
        ('*The lamp goes up, and you say, "Well, I am glad of you.', '"*'),
        ('"It is an otter. "You are going to be late.', '"'),
        ("She waits. **Now.", "**"),
        ("(He looks up at you.", ")"),
        ("*She waits. **Now.", "***"),
        ("(One «two (three.", ")»)"),
        ("“Who else has keys?", "”"),
        ("„Dann lass es.", "“"),
        ("»Dann lass es.", "«"),
        ("« Et alors ? »", ""),
        ("「もういい。", "」"),
        ('*She nods.*\n\n"Down there. Rent free.', '"'),
    ],
)
def test_what_is_open_is_closed_innermost_first(text: str, closing: str) -> None:
    assert closing_marks(text) == closing


@pytest.mark.parametrize(
    "text",
    [
        '*She nods.* "Down there," she says. "Rent free."',
        '"Stop."*She leaves.*"Now."',
        '*"Quiet," he thinks.*',
        "„Urlaub ist, wenn keiner klingelt.“",
        '"The first paragraph goes on.\n\n"The second one ends."',
        "He is 6'2\" tall, and 2 * 3 = 6.",
        "Well :( never mind ;( now.",
        "* one\n* two",
        "*她的手停了一下。*「你好。」*她笑了笑。*「我不吃辣。」",
        "*Sie lacht »leise«* Gut.",
        "*Wow~* Come in.",
        "`print(*names)` prints them.",
        "She said f***ing hell.",
        'An end that nobody opened."',
    ],
)
def test_what_is_closed_or_no_mark_is_left_alone(text: str) -> None:
    assert closing_marks(text) == ""


@given(st.text('ab .!?"*“”„«»「」()\n', max_size=40))
def test_nothing_is_open_afterwards(text: str) -> None:
    assume("**" not in text)
    text = text.rstrip() + "."
    assert closing_marks(text + closing_marks(text)) == ""
