"""The prompt of a draft is evaluated while the user types; the tokens after Enter are counted."""

from dataclasses import replace

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.chat.draft_ahead import evaluate_draft
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.memory.character_memory import CharacterMemory
from rpterm.store import Store
from rpterm.types import Persona

CARD = CharacterCard(name="Mara Venn", description="She keeps a light.", greetings=("Come in.",))
DRAFT = "Where did they hang the old harpoon"
TEXT = f"{DRAFT} of the lighthouse?"


@pytest.fixture
def session(tmp_path):
    store = Store(tmp_path / "t.db")
    memory = CharacterMemory(store, CARD.name)
    for place in ("cellar", "attic", "harbour", "chapel", "garden"):
        memory.add(f"The old harpoon hangs in the {place}, as everyone knows who lives here.")
    memory.add("The lighthouse has a red door, and its lamp is older than the old harpoon.")
    chat = begin_chat(store, CARD, "name = 'Mara Venn'", Persona("Ann"))
    session = Session(store, ScriptedEngine(["Yes."]), CARD, chat, Settings(), memory=memory)
    session.load()
    assert memory.settled(20)
    yield session
    session.close()


def evaluated_for(session, text):
    return session.store.generation(session.say(text).id).usage.evaluated


def memories(prompt):
    return [span.source for span in prompt.spans if span.source.startswith("memory:")]


def test_memories_of_the_draft_are_not_evaluated_after_enter(session):
    unprepared = session.preview(TEXT)
    evaluate_draft(session, DRAFT)
    assert set(memories(session.preview(TEXT))) == set(memories(unprepared))  # their order may vary
    evaluated = evaluated_for(session, TEXT)
    block = sum(s.tokens for s in unprepared.spans if s.zone == "volatile")
    assert evaluated < block // 2


def test_the_memories_stand_where_they_are_in_the_cache(session):
    first = memories(evaluate_draft(session, DRAFT))
    assert memories(session.preview("Was the old harpoon in the garden")) != first
    again = memories(session.preview(TEXT))
    assert again[: len(first)] == first
    session.say(TEXT)
    # Another message has nothing prepared: the best memory comes first.
    assert memories(session.preview("Is it the garden"))[0] != first[0]


def test_a_slow_model_reads_what_is_evaluated_already_besides_what_the_wait_allows(session):
    session._tokens_per_s = 20.0
    few = memories(session.preview(TEXT))
    evaluate_draft(session, DRAFT)
    more = memories(session.preview(TEXT))
    assert len(more) > len(few)


@pytest.mark.parametrize("reason", ["two words", "kv_mode", "cannot rewind"])
def test_a_draft_is_not_evaluated_where_that_could_cost_more(session, reason):
    before = session.engine.cached
    if reason == "kv_mode":
        session.apply_settings(replace(session.settings, kv_mode="shift"), ())
    if reason == "cannot rewind":
        session.engine._info = replace(session.engine.info, can_rewind=False)
    evaluate_draft(session, "The harpoon" if reason == "two words" else DRAFT)
    assert session.engine.cached == before
