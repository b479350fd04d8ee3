"""The store's methods, one by one."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

import pytest

from rpterm.chat.branches import leaves
from rpterm.store import Store, StoreError
from rpterm.types import (
    AuthorNote,
    Chat,
    Generation,
    Origin,
    Persona,
    Sampling,
    Status,
    Turn,
    Usage,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    ticks = count(1)
    with Store(tmp_path / "rp.db", clock=lambda: float(next(ticks))) as opened:
        yield opened


@pytest.fixture
def chat(store: Store) -> Chat:
    return store.create_chat(card_name="Ada", card_hash="h")


def say(store: Store, chat: Chat, parent: Turn | None, text: str, **more: object) -> Turn:
    parent_id = None if parent is None else parent.id
    options: dict[str, object] = {"origin": Origin.TYPED} | more
    return store.add_turn(chat.id, parent_id, "user", "U", text, **options)  # type: ignore[arg-type]


GENERATION = Generation(
    engine="llama",
    model="tiny",
    model_hash="ab",
    sampling=Sampling(seed=2**32 - 1, logit_bias={"x": -1.5}, banned=("ban", "ned")),
    adapter_hash="cd",
    template_hash="ef",
    prompt_ids=(1, 2, 151_000, 0),
    prompt_text="ex\0act \ud800 text",
    reply_ids=(7, 8),
    batch_seeds=(1, 2**32 - 1),
    batch_index=1,
    kv_mode="shift",
    stop=("\nUser:",),
    stop_reason="stop",
    usage=Usage(10, 4, 2, 0.25, 0.5),
    version="0.1.0",
)


def test_cards_are_stored_once_per_hash(store: Store) -> None:
    digest = store.put_card("Ada", 'name = "Ada"')
    assert digest == hashlib.sha256(b'name = "Ada"').hexdigest()
    assert store.put_card("Ada", 'name = "Ada"') == digest
    assert store.get_card(digest) == 'name = "Ada"'
    assert store.get_card("0" * 64) is None


def test_updating_a_chat_changes_only_what_is_given(store: Store) -> None:
    chat = store.create_chat(
        card_name="Ada", card_hash="h", card_path="/c.toml", title="T",
        persona=Persona("Jo", "tall"), note=AuthorNote("rain", 2),
    )  # fmt: skip
    assert store.chat(chat.id) == chat
    changed = store.update_chat(chat.id, title="New", note=AuthorNote("sun"))
    assert (changed.title, changed.note) == ("New", AuthorNote("sun"))
    assert (changed.persona, changed.card_path) == (Persona("Jo", "tall"), "/c.toml")


def test_chats_are_sorted_by_last_activity(store: Store) -> None:
    first = store.create_chat(card_name="Ada", card_hash="h")
    second = store.create_chat(card_name="Bo", card_hash="h")
    assert [chat.id for chat in store.chats()] == [second.id, first.id]
    say(store, first, None, "\n  Hello\nthere")
    shown = store.chats()
    assert [chat.id for chat in shown] == [first.id, second.id]
    assert (shown[0].turn_count, shown[0].preview) == (1, "Hello")
    assert [chat.id for chat in store.chats(card_name="Bo")] == [second.id]
    assert len(store.chats(limit=1)) == 1
    for _ in range(300):
        store.create_chat(card_name="Cy", card_hash="h")
    assert len(store.chats()) == 302 and len(store.chats(card_name="Cy")) == 300


def test_the_length_counts_swipes_of_one_turn_once(store: Store, chat: Chat) -> None:
    greeting = say(store, chat, None, "Good morning")
    say(store, chat, None, "Good evening")
    asked = say(store, chat, greeting, "Who is there?")
    say(store, chat, asked, "I")
    say(store, chat, asked, "Nobody")
    counted = store.chat(chat.id)
    assert (counted.turn_count, counted.length) == (5, 3)


@pytest.mark.parametrize(
    ("said", "heading"),
    [
        ("Hello there", "Hello there"),
        ("*bows*  Good\nday", "bows Good day"),
        ("word " * 9 + "words, and more", "word " * 8 + "word…"),
        ("x" * 80, "x" * 50 + "…"),
        ("\n\n" + "y" * 50, "y" * 50),
    ],
)
def test_an_untitled_chat_is_headed_by_the_first_user_message(
    store: Store, chat: Chat, said: str, heading: str
) -> None:
    assert store.chat(chat.id).heading == ""
    greeting = store.add_turn(chat.id, None, "assistant", "Ada", "Hm?", origin=Origin.GREETING)
    first = say(store, chat, greeting, said)
    say(store, chat, first, "Later")
    (listed,) = store.chats()
    assert (listed.heading, listed.title) == (heading, "")
    assert store.search("Later")[0].chat_title == heading
    store.update_chat(chat.id, title="Mine")
    assert store.chat(chat.id).heading == store.search("Later")[0].chat_title == "Mine"
    store.update_chat(chat.id, title="")
    store.delete_turn(first.id)
    assert store.chat(chat.id).heading == ""


def test_swipes_are_counted_on_the_path_including_roots(store: Store, chat: Chat) -> None:
    say(store, chat, None, "greeting 1")
    other = say(store, chat, None, "greeting 2")
    below = [say(store, chat, other, f"r{n}") for n in range(3)]
    turns = store.path(below[1].id)
    assert [(t.text, t.swipe, t.swipes) for t in turns] == [("greeting 2", 2, 2), ("r1", 2, 3)]
    assert [t.swipe for t in store.siblings(below[0].id)] == [1, 2, 3]
    assert [t.text for t in store.siblings(other.id)] == ["greeting 1", "greeting 2"]
    assert [t.id for t in store.path(below[1].id, limit=1)] == [below[1].id]
    assert store.tree(chat.id)[-1] == store.turn(below[2].id)


def test_roots_of_different_chats_are_not_siblings(store: Store, chat: Chat) -> None:
    elsewhere = store.create_chat(card_name="Ada", card_hash="h")
    mine, _ = say(store, chat, None, "a"), say(store, elsewhere, None, "b")
    assert [t.id for t in store.siblings(mine.id)] == [mine.id]
    assert store.turn(mine.id).swipes == 1


def test_select_returns_to_where_a_branch_was_left(store: Store, chat: Chat) -> None:
    root = say(store, chat, None, "root")
    left, right = say(store, chat, root, "left"), say(store, chat, root, "right")
    old, new = say(store, chat, left, "old"), say(store, chat, left, "new")
    store.set_leaf(chat.id, old.id)
    assert store.select(chat.id, right.id).id == right.id
    assert store.select(chat.id, left.id).id == old.id
    assert store.chat(chat.id).leaf_id == old.id
    assert {t.id for t in leaves(store.tree(chat.id))} == {old.id, new.id, right.id}


def test_select_takes_the_newest_child_if_none_was_shown(store: Store, chat: Chat) -> None:
    root = say(store, chat, None, "root")
    say(store, chat, root, "one", select=False)
    two = say(store, chat, root, "two", select=False)
    assert store.chat(chat.id).leaf_id == root.id
    assert store.select(chat.id, root.id).id == two.id


def test_deleting_a_shown_turn_shows_its_sibling_or_parent(store: Store, chat: Chat) -> None:
    root = say(store, chat, None, "root")
    kids = [say(store, chat, root, f"k{n}") for n in range(3)]
    store.set_leaf(chat.id, kids[1].id)
    assert store.delete_turn(kids[1].id) == kids[0].id
    assert store.delete_turn(kids[0].id) == kids[2].id
    assert store.delete_turn(kids[2].id) == root.id
    assert store.delete_turn(root.id) is None
    assert store.tree(chat.id) == []


def test_deleting_a_chain_deeper_than_any_cascade(store: Store, chat: Chat) -> None:
    root = last = say(store, chat, None, "0")
    for number in range(1500):
        last = say(store, chat, last, str(number))
    assert len(store.path(last.id)) == 1501
    assert store.delete_turn(root.id) is None
    assert store.chat(chat.id).turn_count == 0


def test_ids_of_deleted_chats_are_never_reused(store: Store) -> None:
    gone = store.create_chat(card_name="A", card_hash="h")
    store.delete_chat(gone.id)
    assert store.create_chat(card_name="A", card_hash="h").id > gone.id


def test_a_reply_grows_and_is_finished_once_with_its_provenance(store: Store, chat: Chat) -> None:
    reply = say(store, chat, None, "", status=Status.STREAMING, origin=Origin.GENERATED)
    store.write_reply(reply.id, "half")
    assert store.turn(reply.id).text == "half"
    assert store.search("half") == []
    done = store.finish_reply(reply.id, "whole", Status.COMPLETE, GENERATION)
    assert done == store.turn(reply.id)
    assert store.generation(reply.id) == GENERATION
    assert store.prompt_text(reply.id) == GENERATION.prompt_text
    assert [hit.turn.id for hit in store.search("whole")] == [reply.id]
    with pytest.raises(StoreError, match="finished already"):
        store.write_reply(reply.id, "late")
    with pytest.raises(StoreError, match="finished already"):
        store.finish_reply(reply.id, "late", Status.COMPLETE, None)
    assert store.turn(reply.id).text == "whole"


def test_a_damaged_provenance_is_reported(store: Store, chat: Chat) -> None:
    reply = say(store, chat, None, "", status=Status.STREAMING, origin=Origin.GENERATED)
    assert store.prompt_text(reply.id) == ""
    store.finish_reply(reply.id, "whole", Status.COMPLETE, GENERATION)
    store.connections.run("UPDATE generations SET prompt_text = ?", (b"no zlib",))
    for read in (store.generation, store.prompt_text):
        with pytest.raises(StoreError, match="provenance of this reply is damaged"):
            read(reply.id)


def test_closing_ends_streaming_replies(tmp_path: Path) -> None:
    with Store(tmp_path / "rp.db") as store:
        chat = store.create_chat(card_name="A", card_hash="h")
        reply = say(store, chat, None, "begun", status=Status.STREAMING)
    assert [path.name for path in tmp_path.iterdir()] == ["rp.db"]
    with closing(sqlite3.connect(tmp_path / "rp.db")) as file:
        assert file.execute("SELECT status, owner FROM turns").fetchall() == [("partial", None)]
    with Store(tmp_path / "rp.db") as again:
        assert again.turn(reply.id).status is Status.PARTIAL
        assert len(again.search("begun")) == 1


def test_personas_and_flags(store: Store) -> None:
    store.put_persona(Persona("Zed"))
    store.put_persona(Persona("Jo", "short"))
    store.put_persona(Persona("Jo", "tall"))
    assert store.personas() == [Persona("Jo", "tall"), Persona("Zed")]
    store.delete_persona("Zed")
    assert [persona.name for persona in store.personas()] == ["Jo"]
    assert store.flag("tour") is None
    store.set_flag("tour", "seen")
    assert store.flag("tour") == "seen"


def test_unknown_ids_raise_a_store_error(store: Store, chat: Chat) -> None:
    mine = say(store, chat, None, "a")
    other = store.create_chat(card_name="A", card_hash="h")
    for call in (
        lambda: store.chat(99),
        lambda: store.delete_chat(99),
        lambda: store.turn(99),
        lambda: store.turn(10**30),
        lambda: store.delete_turn(99),
        lambda: store.write_reply(99, "x"),
        lambda: store.set_leaf(99, None),
        lambda: store.set_leaf(other.id, mine.id),
        lambda: store.select(other.id, mine.id),
        lambda: say(store, other, mine, "x"),
        lambda: say(store, other, None, "x", edited_from=mine.id),
    ):
        with pytest.raises(StoreError) as caught:
            call()
        assert str(caught.value).endswith(".")
    assert store.chat(other.id).turn_count == 0


@pytest.mark.parametrize("text", ["nul\0in it", "e\u0301 😀 \u202e", "x" * 1_000_000, "", "\r\n\t"])
def test_any_text_round_trips_and_can_be_deleted(store: Store, chat: Chat, text: str) -> None:
    turn = say(store, chat, None, text)
    assert store.turn(turn.id).text == text
    store.search("in it")
    store.delete_turn(turn.id)
    with store.connections.read() as connection:
        connection.execute("INSERT INTO turns_fts (turns_fts, rank) VALUES ('integrity-check', 1)")


def test_lone_surrogates_become_replacement_characters(store: Store, chat: Chat) -> None:
    turn = say(store, chat, None, "a\ud800b\udcff😀")
    assert turn.text == "a\ufffdb\ufffd😀"


def test_threads_have_their_own_connections(store: Store, chat: Chat) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                say(store, chat, None, "from a thread")
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.chat(chat.id).turn_count == 40


def test_a_failed_nested_transaction_is_rolled_back_alone(store: Store, chat: Chat) -> None:
    with store.connections.write():
        kept = say(store, chat, None, "one")
        with suppress(KeyError), store.connections.write():
            say(store, chat, kept, "two")
            with store.connections.write():
                say(store, chat, kept, "three")
                raise KeyError
        say(store, chat, kept, "four")
    assert [turn.text for turn in store.tree(chat.id)] == ["one", "four"]


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "rp.db")
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.chats()
