"""Memory in a session: files are cited in the ledger, and a card that is renamed keeps it all."""

from dataclasses import replace

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.memory.character_memory import CharacterMemory
from rpterm.store import Store
from rpterm.store.memory.files import Piece
from rpterm.types import Persona

CARD = CharacterCard(name="Mara Venn", description="She keeps a light.", greetings=("Come in.",))


@pytest.fixture
def session(tmp_path):
    store = Store(tmp_path / "t.db")
    chat = begin_chat(store, CARD, "name = 'Mara Venn'", Persona("Ann"), card_path="/mara.toml")
    memory = CharacterMemory(store, CARD.name)
    session = Session(store, ScriptedEngine(["Yes.", "No."]), CARD, chat, Settings(), memory=memory)
    session.load()
    yield session
    session.close()


def test_a_piece_of_a_file_is_cited_in_the_ledger(session):
    piece = Piece("A hive has one queen and many drones.", "bees.txt, page 12")
    session.memory.add_file("bees.txt", "/bees.txt", "d", [piece])
    assert session.memory.settled(20)
    prompt = session.preview("How many queens has a hive?")
    (span,) = [span for span in prompt.spans if span.source.startswith("memory:")]
    assert "Mara Venn has read: (bees.txt, page 12) A hive has one queen" in span.text
    assert span.why.startswith("bees.txt, page 12 · words: ")


def test_a_renamed_card_keeps_its_chats_and_memories(session):
    list(session.reply(ReplyRequest(text="My parrot is called Figaro.")))
    assert session.memory.settled(20)
    session.set_card(replace(CARD, name="Mara Thorne"), "name = 'Mara Thorne'")
    assert session.chat.card_name == "Mara Thorne"
    assert [row.text for row in session.memory.search("Figaro")] == ["My parrot is called Figaro."]
    list(session.reply(ReplyRequest(text="And I have a tortoise.")))
    assert session.memory.settled(20)
    again = CharacterMemory(session.store, "Mara Thorne")
    assert {row.character for row in again.page()} == {"Mara Thorne"}
    assert CharacterMemory(session.store, "Mara Venn").page() == []
