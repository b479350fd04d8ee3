"""Questions about oneself find the facts that settle them."""

import pytest

from rpterm.memory.character_memory import CharacterMemory
from rpterm.memory.distil.statements import statements
from rpterm.memory.distil.work import DistillingWork
from rpterm.memory.search.about_user import slots_asked
from rpterm.store import Store
from rpterm.types import Origin

NOW = 1_780_000_000.0
TOLD = (
    "I live in Leeds.", "I'm allergic to walnuts.", "My brother is called Tom.",
    "I work as a nurse.", "Nothing much happened at the market.",
    "Big news: I moved to York last week!", "I have a cat named Biscuit.",
)  # fmt: skip


@pytest.mark.parametrize(
    ("draft", "slot"),
    [
        ("Where do I live?", "home"),
        ("*I look up.* What do I do for a living these days?", "work"),
        ("How old am I?", "age"),
        ("Is there any food I should avoid?", "health"),
        ("Do you remember my name", "name"),
        ("What is my brother called?", "% brother"),
        ("What am I afraid of?", "fear"),
        ("What do you know about me?", "home"),
        ("whats my name", "name"),
        ("where do i live", "home"),
        ("where am I from", "work:% from %"),
        ("do you remember what job I have", "work"),
        ("whats my dog called", "pet:%dog%"),
    ],
)
def test_a_question_about_oneself_names_a_slot(draft, slot):
    assert slot in slots_asked(draft)


@pytest.mark.parametrize(
    "draft",
    ["Where do you live?", "I live in York now.", "My brother says hello.", "Shall we eat?",
     "Good morning, how are you?", "when i was younger my name was longer", "so is my cousin"],
)  # fmt: skip
def test_other_talk_names_none(draft):
    assert slots_asked(draft) == ()


@pytest.fixture
def memory(tmp_path):
    with Store(tmp_path / "t.db", clock=lambda: NOW) as store:
        memory = CharacterMemory(store, "C")
        old = store.create_chat(card_name="C", card_hash="0").id
        turn = None
        for line in TOLD:
            turn = store.add_turn(old, turn, "user", "Ann", line, origin=Origin.TYPED).id
        memory.start()
        assert memory.settled(60)
        DistillingWork(memory).read_rules(old)
        memory.wake()
        assert memory.settled(60)
        yield memory
        memory.close()


def asked(memory, draft):
    chat = memory.store.create_chat(card_name="C", card_hash="0").id
    return memory.recall(chat, [], draft, 500, lambda text: len(text.split()))


@pytest.mark.parametrize(
    ("draft", "fact"),
    [
        ("Where do I live now?", "Ann moved to York and lives there"),
        ("What do I do for a living?", "Ann works as a nurse"),
        ("Is there anything I can't eat?", "Ann is allergic to walnuts"),
        ("What is my brother called?", "Ann's brother is called Tom"),
        ("whats my cats name", "Ann has a cat named Biscuit"),
    ],
)
def test_the_fact_comes_first_without_shared_words_or_an_embedder(memory, draft, fact):
    found = asked(memory, draft)
    assert fact in found[0].text
    assert found[0].why.startswith("you asked about your ")


def test_little_else_comes_with_a_fact_that_is_the_answer(memory):
    chat, turn = memory.store.create_chat(card_name="C", card_hash="0").id, None
    others = [f"My old name was number {n}, a name like any other name." for n in range(6)]
    for line in [*others, "My name is Reed."]:
        turn = memory.store.add_turn(chat, turn, "user", "Ann", line, origin=Origin.TYPED).id
        memory.remember(turn)
    assert memory.settled(60)
    DistillingWork(memory).read_rules(chat)
    memory.wake()
    assert memory.settled(60)
    found = asked(memory, "what is my name")
    assert found[0].text.endswith("Ann is called Reed")
    assert len(found) <= 3


def test_what_the_character_made_up_is_no_answer(memory):
    chat, turn = memory.store.create_chat(card_name="C", card_hash="0").id, None
    for role, who, line in (
        ("user", "Ann", "My sister left on a train to York in a green coat."),
        ("assistant", "C", "You have a great sister, Emily. Your sister is in hospital."),
    ):
        turn = memory.store.add_turn(chat, turn, role, who, line, origin=Origin.TYPED).id
        memory.remember(turn)
    assert memory.settled(60)
    for draft in ("where did my sister go?", "what did I say about a sister"):
        found = " ".join(item.text for item in asked(memory, draft))
        assert "green coat" in found and "Emily" not in found
    found = " ".join(item.text for item in asked(memory, "what did you say about my sister"))
    assert "Emily" in found


def test_an_outdated_or_hidden_fact_does_not_answer(memory):
    texts = [item.text for item in asked(memory, "Where do I live now?")]
    assert not any("lives in Leeds" in text for text in texts if "later" not in text)
    home = next(row for row in memory.page(kinds=["fact"]) if "York" in row.text)
    memory.mark(home.id, "hidden")
    assert not any("moved to York and" in i.text for i in asked(memory, "Where do I live now?"))


def test_a_heading_before_a_statement_does_not_hide_it():
    (found,) = statements("Big news: I moved to York last week, the new place has a garden.", "Ann")
    assert found.text == "Ann moved to York and lives there"
    assert statements("He told me the news: I live in a dream.", "Ann") == []
