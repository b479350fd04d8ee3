"""Macros in the prompts of a running chat, and that they leave the KV cache alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from chatting import CARD

from rpterm.cards.card import CharacterCard, Lorebook, LoreEntry
from rpterm.chat.live_scores import LiveScores
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.scoring.scorer import Scorer
from rpterm.store import Store
from rpterm.types import AuthorNote, Intent, Persona, Usage

MARA = replace(
    CARD,
    description="Mara keeps a lighthouse. It is {{date}}, {{time}}.",
    attributes=("Mara has {{pick:red,green,blue,grey,brown}} eyes.",),
    greetings=("It is {{time}}.",),
    post_history_instructions="Answer {{lastUserMessage}} at {{time}}; luck {{roll:d1000}}.",
    lorebook=Lorebook(
        (
            LoreEntry((), "Built on {{isodate}} at {{time}}.", name="always", constant=True),
            LoreEntry(("lamp",), "The lamp burns since {{time}}.", name="lamp"),
        )
    ),
)


class _Chat:
    """A chat whose clock stands where a test puts it."""

    def __init__(self, folder: Path, card: CharacterCard = MARA) -> None:
        self.now = datetime(2031, 5, 5, 20, 0).timestamp()
        self.store = Store(folder / "rpterm.db", clock=lambda: self.now)
        chat = begin_chat(self.store, card, "name = 'Mara'", Persona("Ann"))
        engine = ScriptedEngine(["Yes.", "No.", "Well."])
        self.session = Session(self.store, engine, card, chat, Settings())
        self.session.load()

    def send(self, text: str, **request: Intent) -> tuple[str, Usage]:
        """Send a message; returns the exact prompt and its cost."""
        list(self.session.reply(ReplyRequest(text=text, **request)))
        made = self.store.generation(self.session.path()[-1].id)
        assert made is not None
        return made.prompt_text, made.usage

    def wait(self, minutes: float) -> None:
        self.now += 60 * minutes


@pytest.fixture
def chat(tmp_path: Path) -> _Chat:
    return _Chat(tmp_path)


def test_each_text_reads_its_own_time(chat: _Chat) -> None:
    chat.session.set_note(AuthorNote("It is {{time}} now."))
    chat.wait(5)
    prompt, _ = chat.send("The lamp?")
    assert "It is 5 May 2031, 20:00." in prompt
    assert "Built on 2031-05-05 at 20:00." in prompt
    assert "The lamp burns since 20:05." in prompt
    assert "[Author's note: It is 20:05 now.]" in prompt
    assert "Answer The lamp? at 20:05; luck " in prompt
    assert chat.session.path()[0].text == "It is 20:00."


def test_a_clock_in_the_card_costs_nothing_until_the_next_day(chat: _Chat) -> None:
    chat.send("Hello?")
    chat.wait(30)
    assert chat.session.engine.settled(5)
    prompt, second = chat.send("And now?")
    assert "It is 5 May 2031, 20:00." in prompt
    assert second.reused > 4 * second.evaluated
    chat.wait(24 * 60)
    chat.session.settle_cache()  # as when the chat is opened again
    assert chat.session.engine.settled(5)
    prompt, third = chat.send("And today?")
    assert "It is 6 May 2031, 20:30." in prompt
    assert third.reused > 4 * third.evaluated


def test_another_version_a_day_later_reads_the_same_prompt(chat: _Chat) -> None:
    prompt, _ = chat.send("The lamp?")
    chat.wait(3000)
    again, _ = chat.send("", intent=Intent.REGENERATE)
    assert again == prompt


def test_a_roll_in_a_message_is_new_each_time_and_as_previewed(chat: _Chat) -> None:
    rolls = set()
    for _ in range(3):
        draft = "I roll {{roll:d1000}} at {{time}}."
        said = next(span.text for span in chat.session.preview(draft).spans[::-1]
                    if "I roll" in span.text and span.source == "turn:0")  # fmt: skip
        chat.send(draft)
        assert chat.session.path()[-2].text == said
        rolls.add(said)
    assert len(rolls) == 3


def test_the_scorer_reads_what_the_prompt_drew(chat: _Chat) -> None:
    prompt, _ = chat.send("Hello?")
    scores = LiveScores(chat.store, lambda: Scorer({}))
    scene = scores.scene(MARA, chat.session.chat, chat.session.path()[-1])
    eyes = next(fact.text for fact in scene.facts if "eyes" in fact.text)
    assert eyes in prompt
