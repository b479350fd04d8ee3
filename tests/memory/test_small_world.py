"""Recall in a small database: noise is worse than silence, and follow-ups find their subject."""

import numpy as np
import pytest
from small_world import ANSWERED, MEMORIES, UNANSWERED

from rpterm.memory.character_memory import CharacterMemory
from rpterm.memory.search.recall import RecallHit
from rpterm.memory.search.relevance import distinctive, is_relevant
from rpterm.store import Store
from rpterm.types import Origin

NOW = 1_780_000_000.0


@pytest.fixture
def world(tmp_path):
    """A character with one older chat of thirty lines, and a new chat."""
    with Store(tmp_path / "t.db", clock=lambda: NOW) as store:
        yield store


def filled(store, embedder=None):
    """The memory of everything in the small world, and the new chat."""
    store.now = lambda: NOW + 86_400
    memory = CharacterMemory(store, "C", embedder)
    old = store.create_chat(card_name="C", card_hash="0").id
    turn = None
    for line in MEMORIES:
        turn = store.add_turn(old, turn, "user", "Ansel", line, origin=Origin.TYPED).id
    memory.start()
    assert memory.settled(120)
    return memory, store.create_chat(card_name="C", card_hash="0").id


def measured(memory, chat):
    """Share of true memories recalled, and false lines per line of talk, with and without answer.

    Lines beside a true one are no error: they are what was said next.
    """
    true, wrong, noise = 0, 0, 0
    for line, places in ANSWERED:
        found = {MEMORIES.index(r.text.split("Ansel: ")[1]) for r in ask(memory, chat, line)}
        true += len(found & places)
        wrong += len([at for at in found - places if not {at - 1, at + 1} & places])
    for line in UNANSWERED:
        noise += len(ask(memory, chat, line))
    total = sum(len(places) for _, places in ANSWERED)
    return true / total, wrong / len(ANSWERED), noise / len(UNANSWERED)


def ask(memory, chat, line, path=()):
    return memory.recall(chat, path, line, 2000, lambda text: len(text.split()))


def test_words_alone_find_what_there_is_and_little_else(world):
    memory, chat = filled(world)
    true, wrong, noise = measured(memory, chat)
    memory.close()
    assert true >= 0.85
    assert wrong <= 0.1
    assert noise <= 0.1


@pytest.mark.model
def test_with_meaning_there_is_next_to_no_noise(world, starter):
    memory, chat = filled(world, starter)
    true, wrong, noise = measured(memory, chat)
    memory.close()
    assert true >= 0.85
    assert wrong <= 0.1
    assert noise <= 0.1


def test_a_follow_up_finds_what_the_turns_before_it_name(world):
    memory, chat = filled(world)
    path, leaf = [], None
    for speaker, role, line in (
        ("Ansel", "user", "I thought of my sister Petra today."),
        ("C", "assistant", "Did you? It has been a while."),
    ):
        path.append(world.add_turn(chat, leaf, role, speaker, line, origin=Origin.TYPED))
        leaf = path[-1].id
    found = ask(memory, chat, "And what does she play?", path)
    assert "cello" in found[0].text
    memory.close()


def test_a_short_question_for_a_name_is_not_drowned_by_the_reply_before_it(world):
    memory, chat = filled(world)
    memory.add("Tom owes four hundred pounds to Grindle, who keeps a card room.")
    older = world.create_chat(card_name="C", card_hash="0").id
    turn = None
    for seen in ["clock", "door", "floor", "lamp", "bottle", "candle", "tower", "aisle", "hand"]:
        said = f"*A moment later he looks at the {seen}; a moment later he speaks.*"
        turn = world.add_turn(older, turn, "assistant", "C", said, origin=Origin.GENERATED).id
        memory.remember(turn)
    assert memory.settled(20)
    reply = "*A moment later he speaks, and a moment later he looks at the glass.*"
    last = world.add_turn(chat, None, "assistant", "C", reply, origin=Origin.GENERATED)
    assert "Grindle" in ask(memory, chat, "Who is Grindle?", [last])[0].text
    memory.close()


def test_what_did_she_say_about_it(world):
    memory, chat = filled(world)
    said = "Aunt Rosalind swore that she would never sell the orchard to a bottler."
    older = world.create_chat(card_name="C", card_hash="0").id
    memory.remember(world.add_turn(older, None, "user", "Ansel", said, origin=Origin.TYPED).id)
    assert memory.settled(20)
    one = world.add_turn(
        chat, None, "user", "Ansel", "I met Rosalind. We spoke of the orchard.", origin=Origin.TYPED
    )
    two = world.add_turn(chat, one.id, "assistant", "C", "Oh dear.", origin=Origin.GENERATED)
    found = ask(memory, chat, "And what did she say about it?", [one, two])
    assert [said in item.text for item in found][:1] == [True]
    memory.close()


@pytest.mark.parametrize(
    ("reason", "own", "meaning", "stays"),
    [
        (0.9, "a bee", True, True),
        (0.9, "one day", True, False),
        (1.1, "", True, True),
        (0.3, "a bee", False, True),
        (0.3, "one day", False, False),
        (0.1, "a bee", False, False),
    ],
)
def test_a_telling_word_in_common_needs_less_beside_it(reason, own, meaning, stays):
    wanted = distinctive(["bee", "day"])
    assert wanted == {"bee"}
    assert is_relevant(RecallHit(0, 1.0, evidence=reason), own, wanted, meaning=meaning) is stays
    assert is_relevant(RecallHit(0, np.inf, pinned=True), own, wanted, meaning=meaning)
