"""Memory in a session: files are cited in the ledger, and a card that is renamed keeps it all."""

from dataclasses import replace

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.protocol import Finished
from rpterm.engine.scripted import ScriptedEngine
from rpterm.memory.character_memory import CharacterMemory
from rpterm.store import Store
from rpterm.store.memory.files import Piece
from rpterm.types import Persona, Usage

CARD = CharacterCard(name="Mara Venn", description="She keeps a light.", greetings=("Come in.",))


@pytest.fixture
def session(tmp_path):
    session = open_session(tmp_path, ScriptedEngine(["Yes.", "No."]))
    yield session
    session.close()


def open_session(folder, engine):
    store = Store(folder / "t.db")
    chat = begin_chat(store, CARD, "name = 'Mara Venn'", Persona("Ann"), card_path="/mara.toml")
    memory = CharacterMemory(store, CARD.name)
    session = Session(store, engine, CARD, chat, Settings(), memory=memory)
    session.load()
    return session


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


class TimedEngine(ScriptedEngine):
    """Reports that it evaluates prompts at a given speed, in tokens per second."""

    speed = 1000.0

    def generate(self, request):
        for event in super().generate(request):
            if isinstance(event, Finished):
                usage = Usage(evaluated=640, first_token_s=640 / self.speed)
                event = replace(event, usage=usage)
            yield event


def test_a_slow_model_reads_fewer_memories_and_the_ledger_says_why(tmp_path):
    session = open_session(tmp_path, TimedEngine(["Yes."]))
    pinned = session.memory.add("My harpoon is in the shed behind the house. " * 4, pinned=True)
    for place in ("cellar", "attic", "harbour", "chapel", "garden", "market"):
        session.memory.add(f"An old harpoon hangs in the {place}, as everyone knows who lives here")
    assert session.memory.settled(20)
    everything = memories_for(session, "Where is the harpoon?")
    session.say("Good morning.")
    assert memories_for(session, "Where is the harpoon?") == everything
    session.engine.speed = 40.0
    for _ in range(5):
        session.say("Good morning.")
    kept = memories_for(session, "Where is the harpoon?")
    assert f"memory:{pinned.id}" in kept  # the user wants it in any case
    assert 2 <= len(kept) < len(everything)
    left_out = {out.source: out.why for out in session.preview("Where is the harpoon?").left_out}
    assert everything - kept == set(left_out)
    assert all(why.endswith(" s more to wait") for why in left_out.values())
    session.close()
    again = open_session(tmp_path, TimedEngine(["Yes."]))
    assert again.memory.settled(20)
    assert memories_for(again, "Where is the harpoon?") == kept  # from the first message on
    again.close()


def memories_for(session, draft):
    spans = session.preview(draft).spans
    return {span.source for span in spans if span.source.startswith("memory:")}


def test_whoever_waits_for_a_reply_also_waits_for_memory_but_no_stream_does(session, monkeypatch):
    waited = []
    monkeypatch.setattr(session.memory, "settled", lambda timeout: waited.append(timeout))
    list(session.reply(ReplyRequest(text="Good morning.")))
    assert not waited
    session.say("Good evening.")
    assert len(waited) == 1 and waited[0] <= 1.0
