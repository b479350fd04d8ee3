"""What comes from a turn that is hidden from the model is not recalled, nor read any further."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rpterm.memory.character_memory import CharacterMemory
from rpterm.memory.distil.work import DistillingWork
from rpterm.memory.overview import overview
from rpterm.store import Store
from rpterm.store.memory.distilled import Draft
from rpterm.tui.widgets.panes.memory_lines import entry
from rpterm.types import Origin


class World:
    """One chat of a character, line by line, and another one that asks."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path)
        self.memory = CharacterMemory(self.store, "C")
        self.work = DistillingWork(self.memory)
        self.chat = self.store.create_chat(card_name="C", card_hash="0").id
        self.leaf: int | None = None

    def say(self, text: str) -> int:
        turn = self.store.add_turn(self.chat, self.leaf, "user", "Ann", text, origin=Origin.TYPED)
        self.memory.remember(turn.id)
        self.leaf = turn.id
        return turn.id

    def ask(self, draft: str) -> list[str]:
        assert self.memory.settled(20)
        asking = self.store.create_chat(card_name="C", card_hash="0").id
        found = self.memory.recall(asking, [], draft, 1000, lambda text: len(text.split()))
        return [item.text.partition(") ")[2] for item in found]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "rpterm.db")
    made.memory.start()
    yield made
    made.memory.close()
    made.store.close()


def test_the_index_follows_whatever_is_hidden(world: World) -> None:
    parrot, tortoise = world.say("My parrot is Figaro."), world.say("My tortoise is Susanna.")
    world.say("So it is.")
    ask = "How are my parrot and my tortoise called?"
    assert len(world.ask(ask)) == 2
    world.store.hide(parrot)
    assert world.ask(ask) == ["Ann: My tortoise is Susanna."]
    # Of as many turns, with the same end: another one is hidden now.
    world.store.hide(parrot, False)
    world.store.hide(tortoise)
    assert world.ask(ask) == ["Ann: My parrot is Figaro."]


def test_a_pinned_memory_is_not_recalled_either(world: World) -> None:
    parrot = world.say("My parrot is Figaro.")
    assert world.memory.settled(20)
    (row,) = world.memory.page()
    world.memory.mark(row.id, "pinned")
    world.store.hide(parrot)
    assert world.ask("Hello there, what a day.") == []


def test_a_summary_of_a_hidden_turn_is_not_recalled(world: World) -> None:
    parrot, last = world.say("My parrot is Figaro."), world.say("We sailed to Naples.")
    summary = Draft("summary", "Ann told of Figaro and of Naples.", (parrot, last), "model")
    assert world.memory.settled(20)
    world.work.distilled.add("C", world.chat, [summary], [], "summary")
    world.memory.wake()
    assert summary.text in world.ask("Did we sail to Naples?")
    world.store.hide(parrot)
    assert summary.text not in world.ask("Did we sail to Naples?")
    told = {item.row.text: item for item in overview(world.memory, None).rows}
    assert [told[text].from_hidden_turn for text in (summary.text, "We sailed to Naples.")] == [
        True,
        False,
    ]
    assert "from a hidden turn" in entry(told["My parrot is Figaro."], 60).plain


def test_a_hidden_turn_is_read_for_facts_once_it_is_shown_again(world: World) -> None:
    turn = world.say("I live in Bath.")
    world.store.hide(turn)
    assert world.memory.settled(20)
    assert world.work.chats_to_catch_up() == []
    assert world.work.read_rules(world.chat).kept == ()
    world.store.hide(turn, False)
    assert world.work.chats_to_catch_up() == [world.chat]
    assert [row.text for row in world.work.read_rules(world.chat).kept] == ["Ann lives in Bath"]
