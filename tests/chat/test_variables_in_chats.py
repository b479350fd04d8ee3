"""Variables that macros set: they follow the branch, and are there again in a resumed chat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from chatting import CARD

from rpterm.cards.card import Lorebook, LoreEntry
from rpterm.chat.request import ReplyRequest, SessionError
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.store import Store
from rpterm.types import Intent, Persona

MARA = replace(
    CARD,
    description="{{setvar::mood::wary}}Mara is {{getvar::mood}}.",
    greetings=("{{setvar::lamp::lit}}Mood: {{getvar::mood}}.", "{{setvar::lamp::out}}Dark."),
    post_history_instructions=(
        "{{addvar::turn::1}}Turn {{getvar::turn}}, lamp {{getvar::lamp}}, in {{getvar::place}}."
    ),
    lorebook=Lorebook(
        (
            LoreEntry(("cellar",), "{{setvar::place::the cellar}}It is damp.", name="cellar"),
            LoreEntry((), "Steps: {{incvar::steps}}", name="steps", constant=True),
        )
    ),
)


class _Chat:
    def __init__(self, file: Path, chat_id: int = 0, greeting: int = 0) -> None:
        self.store = Store(file)
        new = not chat_id
        chat = (
            begin_chat(self.store, MARA, "name = 'Mara'", Persona("Ann"), greeting=greeting)
            if new
            else self.store.chat(chat_id)
        )
        engine = ScriptedEngine(["Yes.", "No.", "Well."])
        self.session = Session(self.store, engine, MARA, chat, Settings())
        self.session.load()

    def prompt(self, text: str = "", intent: Intent = Intent.SEND) -> str:
        """Have a reply generated; returns its prompt."""
        list(self.session.reply(ReplyRequest(intent, text=text)))
        made = self.store.generation(self.session.path()[-1].id)
        assert made is not None
        return made.prompt_text


@pytest.fixture
def chat(tmp_path: Path) -> _Chat:
    return _Chat(tmp_path / "rp.db")


def test_the_card_the_greeting_and_the_lore_set_variables(chat: _Chat) -> None:
    assert chat.session.path()[0].text == "Mood: wary."
    first = chat.prompt("Hello?")
    assert "Mara is wary." in first and "{{" not in first
    assert "Turn 1, lamp lit, in ." in first
    assert "in the cellar." in chat.prompt("Is there a cellar?")
    assert "Turn 3, lamp lit, in the cellar." in chat.prompt("Let us go.")


def test_a_message_sets_variables(chat: _Chat) -> None:
    assert "lamp broken, in ." in chat.prompt("{{setvar::lamp::broken}}*It falls.*")
    assert chat.session.path()[1].text == "*It falls.*"
    assert "lamp broken, in ." in chat.prompt("Oh.")


def test_a_message_of_macros_alone_is_not_sent(chat: _Chat) -> None:
    with pytest.raises(SessionError, match="only macros"):
        chat.prompt("{{setvar::lamp::broken}}")
    assert len(chat.session.path()) == 1


def test_a_swipe_does_not_count_twice_and_a_branch_goes_back(chat: _Chat) -> None:
    chat.prompt("Hello?")
    assert "Turn 1," in chat.prompt(intent=Intent.REGENERATE)
    fork = chat.session.path()[-1]
    assert "Turn 2," in chat.prompt("The cellar?")
    chat.session.branch(fork.id)
    assert "Turn 2, lamp lit, in ." in chat.prompt("The tower?")


def test_another_greeting_has_its_own_values(tmp_path: Path) -> None:
    chat = _Chat(tmp_path / "rp.db", greeting=1)
    assert "lamp out" in chat.prompt("Hello?")


def test_a_preview_changes_nothing(chat: _Chat) -> None:
    chat.session.preview("The cellar?")
    assert "Turn 1, lamp lit, in ." in chat.prompt("Hello?")


def test_a_resumed_chat_has_its_variables(tmp_path: Path) -> None:
    chat = _Chat(tmp_path / "rp.db")
    chat.prompt("The cellar?")
    chat_id = chat.session.chat_id
    chat.session.close()
    chat.store.close()
    again = _Chat(tmp_path / "rp.db", chat_id)
    assert "Turn 2, lamp lit, in the cellar." in again.prompt("Let us go.")


def test_an_edited_reply_keeps_its_variables(chat: _Chat) -> None:
    chat.prompt("The cellar?")
    chat.session.edit(chat.session.path()[-1].id, "Certainly.")
    assert "Turn 2, lamp lit, in the cellar." in chat.prompt("Let us go.")
