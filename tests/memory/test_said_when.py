"""What was said last week, yesterday or last time: the telling lines of that time."""

from datetime import datetime

import pytest

from rpterm.memory.character_memory import CharacterMemory
from rpterm.memory.search import dates
from rpterm.memory.search.said_when import Said, sitting_start, what_was_said
from rpterm.store import Store
from rpterm.types import Origin

NOW = datetime(2026, 11, 25, 20, 0).timestamp()  # a Wednesday
DAY = dates.DAY


def said(draft):
    return what_was_said(draft, [span.words for span in dates.spans(draft, NOW)])


@pytest.mark.parametrize(
    ("draft", "whose", "last_time"),
    [
        ("What did I tell you last week?", "user", False),
        ("What did you say yesterday?", "character", False),
        ("What did we talk about on 12 May?", "both", False),
        ("Remember what we talked about two weeks ago?", "both", False),
        ("What did we talk about last time?", "both", True),
        ("What was our last conversation about?", "both", True),
        ("Where did we leave off?", "both", True),
    ],
)
def test_questions_for_a_time(draft, whose, last_time):
    assert said(draft) == Said(whose, last_time)


@pytest.mark.parametrize(
    "draft",
    [
        "What did I say about Piotr on Sunday?",  # a topic: the usual search finds it
        "What happened to my greenhouse last week?",
        "I talked to my mother yesterday.",
        "What did you say?",
        "Last time we met the weather was dreadful.",
    ],
)
def test_questions_with_a_topic_are_searched_as_usual(draft):
    assert said(draft) is None


def test_a_sitting_begins_after_a_long_silence():
    assert sitting_start([], NOW) == NOW
    assert sitting_start([NOW - 2 * DAY], NOW) == NOW
    assert sitting_start([NOW - 2 * DAY, NOW - 600, NOW - 60], NOW) == NOW - 600


@pytest.fixture
def memory(tmp_path):
    with Store(tmp_path / "t.db", clock=lambda: NOW) as store:
        chat(store, 9, "I broke my ankle on the glacier.", "Glaciers are treacherous, dear Ann.")
        chat(store, 1, "My aunt Orla sent marmalade.", "I adore marmalade with herrings.")
        chat(store, 0.5, greeting_only=True)
        memory = CharacterMemory(store, "Holmes")
        memory.start()
        assert memory.settled(60)
        yield memory
        memory.close()


def chat(store, days_ago, *lines, greeting_only=False):
    chat_id = store.create_chat(card_name="Holmes", card_hash="0").id
    at = NOW - days_ago * DAY
    small_talk = () if greeting_only else ("Hello, how are you today?", "Quite well, thank you.")
    turn = store.add_turn(
        chat_id, None, "assistant", "Holmes", "Ah, a visitor with a limp!",
        origin=Origin.GREETING, created_at=at,
    )  # fmt: skip
    for number, line in enumerate([*small_talk, *lines], 1):
        role, speaker = ("user", "Ann") if number % 2 else ("assistant", "Holmes")
        turn = store.add_turn(
            chat_id, turn.id, role, speaker, line, origin=Origin.TYPED, created_at=at + 60 * number
        )


def recalled(memory, draft):
    chat_id = memory.store.create_chat(card_name="Holmes", card_hash="0").id
    return memory.recall(chat_id, [], draft, 500, lambda text: len(text.split()))


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        ("What did I tell you last week?", {"I broke my ankle on the glacier."}),
        ("What did you tell me yesterday?", {"I adore marmalade with herrings."}),
        ("What did I tell you yesterday?", {"My aunt Orla sent marmalade."}),
    ],
)
def test_that_time_is_recalled_and_no_small_talk(memory, draft, expected):
    found = recalled(memory, draft)
    texts = {item.text.partition(": ")[2] for item in found}
    assert expected <= texts <= expected | {"Ah, a visitor with a limp!"}
    assert all("time: " in item.why for item in found)


def test_last_time_is_the_last_conversation_and_no_greeting_alone(memory):
    found = recalled(memory, "What did we talk about last time?")
    assert any("My aunt Orla sent marmalade." in item.text for item in found)
    assert all(item.text.startswith("(yesterday) ") for item in found)
    assert found[0].why == "time: last time"


def test_a_time_without_talk_recalls_nothing(memory):
    assert recalled(memory, "What did I tell you last March?") == []
