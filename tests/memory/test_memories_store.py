"""Memories in the database: they follow their turns, and forgetting leaves no byte behind."""

from pathlib import Path

import pytest

from rpterm.store import Store, StoreError
from rpterm.store.memory import search
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.records import Memory
from rpterm.store.memory.vectors import MemoryVectors
from rpterm.types import Origin, Turn


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "t.db") as store:
        yield store


def say(store: Store, chat: int, parent: Turn | None, text: str, role="user") -> Turn:
    return store.add_turn(
        chat, parent.id if parent else None, role, "Ann", text, origin=Origin.TYPED
    )


def file_bytes(path: Path) -> bytes:
    return b"".join(p.read_bytes() for p in path.parent.glob(path.name + "*"))


def test_turns_are_remembered_once(store):
    memories = Memories(store)
    chat = store.create_chat(card_name="C", card_hash="0").id
    turn = say(store, chat, None, "I keep bees")
    assert memories.unremembered() == [turn.id]
    assert memories.remember_turns([turn.id]) == 1
    assert memories.remember_turns([turn.id]) == 0
    assert memories.unremembered() == []
    (kept,) = memories.page("C")
    assert (kept.kind, kept.text, kept.turn_id) == ("turn", "I keep bees", turn.id)


def test_a_greeting_nobody_chose_is_not_remembered_until_it_is_answered(store):
    memories = Memories(store)
    chat = store.create_chat(card_name="C", card_hash="0").id
    shown, other = (
        store.add_turn(
            chat, None, "assistant", "C", text, origin=Origin.GREETING, select=text == "Ahoy."
        )
        for text in ("Ahoy.", "Go away.")
    )
    assert memories.unremembered() == [shown.id]
    memories.remember_turns([shown.id])
    store.select(chat, other.id)
    answer = say(store, chat, other, "No")
    memories.remember_turns([answer.id])
    assert [memory.text for memory in memories.page("C")] == ["No", "Go away.", "Ahoy."]


def test_a_forgotten_turn_is_not_remembered_again(store):
    memories = Memories(store)
    chat = store.create_chat(card_name="C", card_hash="0").id
    turn = say(store, chat, None, "I keep bees")
    memories.remember_turns([turn.id])
    assert memories.forget([memories.page("C")[0].id]) == 1
    assert memories.unremembered() == []
    assert memories.remember_turns([turn.id]) == 0
    assert store.turn(turn.id).text == "I keep bees"


def test_forgetting_leaves_no_bytes(tmp_path):
    path = tmp_path / "t.db"
    with Store(path) as store:
        memories, vectors = Memories(store), MemoryVectors(store)
        for n in range(200):
            memories.add(Memory("note", "C", f"common filler number {n}"))
        secret = memories.add(
            Memory("fact", "C", "the vault code is xylophonist", speaker="Zebediah")
        )
        mark = b"\x07SECRETVECTOR" * 16
        vectors.put("m", [(secret.hash, mark)])
        assert b"xylophonist" in file_bytes(path)
        assert mark in file_bytes(path)
        memories.forget([secret.id])
        for rest in (b"xylophonist", b"Zebediah", b"zebediah", mark):
            assert rest not in file_bytes(path)
        assert memories.search("vault") == []
        assert memories.search(" ") == []


def test_editing_leaves_no_old_bytes(tmp_path):
    path = tmp_path / "t.db"
    with Store(path) as store:
        memories, vectors = Memories(store), MemoryVectors(store)
        memory = memories.add(Memory("note", "C", "meet at the quincunx"))
        vectors.put("m", [(memory.hash, b"OLDVECTOR" * 20)])
        assert memories.edit(memory.id, "meet at the gate").text == "meet at the gate"
        assert b"quincunx" not in file_bytes(path)
        assert b"OLDVECTOR" not in file_bytes(path)
        assert [m.id for m in memories.search("gate")] == [memory.id]
        (left,) = vectors.missing("m", 0, memory.id + 1, 9)
        assert (left.hash, left.text) == (memories.get(memory.id).hash, "meet at the gate")


def test_a_deleted_turn_takes_its_memories_along(tmp_path):
    path = tmp_path / "t.db"
    with Store(path) as store:
        memories, vectors = Memories(store), MemoryVectors(store)
        chat = store.create_chat(card_name="C", card_hash="0").id
        first = say(store, chat, None, "hello")
        second = say(store, chat, first, "my sister is called Perpetua")
        memories.remember_turns([first.id, second.id])
        fact = memories.add(
            Memory("fact", "C", "Ann's sister: Perpetua", chat_id=chat, turn_id=second.id)
        )
        vectors.put("m", [(fact.hash, b"V" * 64)])
        store.delete_turn(second.id)
        assert [m.text for m in memories.page("C")] == ["hello"]
        assert vectors.progress("m") == (0, 1)
        assert memories.scrub()
        assert b"perpetua" not in file_bytes(path).lower()


def test_a_vector_stays_while_another_memory_has_its_words(store):
    memories, vectors = Memories(store), MemoryVectors(store)
    one, two = (memories.add(Memory("note", c, "same words")) for c in ("C", "D"))
    vectors.put("m", [(one.hash, b"1234")])
    memories.forget([one.id])
    assert vectors.get("m", [two.hash]) == {two.hash: b"1234"}
    memories.forget([two.id])
    assert vectors.get("m", [two.hash]) == {}


def test_changes_are_logged(store):
    memories = Memories(store)
    one = memories.add(Memory("note", "C", "one"))
    seq = memories.last_change()
    memories.update(one.id, pinned=True)
    assert memories.get(one.id).pinned
    changes = memories.changed(seq)
    assert changes.memories == {one.id}
    memories.forget([one.id])
    assert memories.changed(changes.seq).memories == {one.id}
    with pytest.raises(StoreError, match="no memory"):
        memories.get(one.id)


def test_a_chat_that_shows_another_branch_is_logged(store):
    memories = Memories(store)
    chat = store.create_chat(card_name="C", card_hash="0").id
    seq = memories.last_change()
    first = say(store, chat, None, "one")
    second = say(store, chat, first, "two")
    other = say(store, chat, first, "three")
    assert memories.changed(seq).chats == {chat}
    assert memories.shown_paths("C") == {chat: [first.id, other.id]}
    store.select(chat, second.id)
    assert memories.shown_paths("C", [chat]) == {chat: [first.id, second.id]}


def test_a_vector_for_forgotten_words_is_not_kept(store):
    memories, vectors = Memories(store), MemoryVectors(store)
    one = memories.add(Memory("note", "C", "one"))
    memories.forget([one.id])
    vectors.put("m", [(one.hash, b"1234")])
    assert vectors.progress("m") == (0, 0)


def test_a_rare_word_is_found_beyond_the_newest_common_ones(store, monkeypatch):
    monkeypatch.setattr(search, "MAX_RANKED", 5)
    memories = Memories(store)
    old = memories.add(Memory("note", "C", "the samovar is for tea"))
    for number in range(9):
        memories.add(Memory("note", "C", f"cup {number} of tea"))
    assert [row.id for row in memories.search_any(["tea", "samovar"], "C", 3)] == [old.id]
    assert len(memories.search_any(["tea"], "C", 3)) == 3
    assert memories.search_any([], "C", 3) == []
    assert [row.id for row in memories.search("samovar tea", "C")] == [old.id]
    assert len(memories.search("tea", "C")) == 5
