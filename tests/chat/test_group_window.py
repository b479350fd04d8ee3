"""The window of a chat with several characters: what is answered stays, and the cache serves."""

from __future__ import annotations

import pytest
from chatting import CARD

from rpterm.cards.card import CharacterCard
from rpterm.chat import events
from rpterm.chat.cast.card_lookup import CardSource
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.store import Store
from rpterm.types import Intent, Persona, Sampling


def nobody(target: str) -> object:
    from rpterm.cards.library import CardNotFound

    raise CardNotFound(f"There is no card {target}.")


@pytest.fixture
def session(store: Store) -> Session:
    chat = begin_chat(store, CharacterCard("Mara"), 'name = "Mara"', Persona("Ann"))
    settings = Settings(sampling=Sampling(max_tokens=100))
    made = Session(
        store, ScriptedEngine(["Yes, so it is."], context=1024), CARD, chat, settings,
        casting=CardSource(nobody),
    )  # fmt: skip
    made.scene.add("narrator")
    return made


def test_a_message_too_long_is_refused_and_not_left_out(session: Session) -> None:
    told = list(session.reply(ReplyRequest(text="word " * 700)))
    assert isinstance(told[-1], events.ReplyFailed)
    assert "shorten the last message" in told[-1].message


@pytest.mark.parametrize("words", [3, 30, 50])
def test_each_prompt_goes_on_where_the_cache_ends(session: Session, words: int) -> None:
    session.load()
    assert isinstance(session.engine, ScriptedEngine)
    for number in range(24):
        request, actor = ReplyRequest(text="word " * words), session.scene.lead
        if number % 3 == 2:
            actor = session.scene.actor("narrator")
            request = ReplyRequest(Intent.NEXT, speaker="narrator")
        ready = session.scene.reusable_prefix(actor, session.path())
        if number % 3 == 2:
            ready = ready[:-2]  # The blank line before words of the user, who says nothing here.
        told = list(session.reply(request))
        assert isinstance(told[-1], events.ReplyFinished), told[-1]
        assert session.engine.requests[-1].prompt_ids[: len(ready)] == ready, number
    assert session._turns_left_out, "the window was never full"
