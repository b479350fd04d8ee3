"""A chat that is being imported: hidden, in batches, and gone again if the import breaks."""

from __future__ import annotations

from pathlib import Path

import pytest
from killing import run_and_kill

from rpterm.store import Store, StoreError
from rpterm.store import hidden_chat as module
from rpterm.store.cast import Casts
from rpterm.store.hidden_chat import InsertTurn, hidden_chat, write_in_batches
from rpterm.types import Chat, Origin, Status, Turn

CHAT = Chat(id=0, title="", card_name="Anna", card_hash="h")
TEXTS = ("lantern", "harbour", "storm")


def add(store: Store, chat_id: int, texts: tuple[str, ...] = TEXTS) -> None:
    def write(insert: InsertTurn, text: str) -> None:
        turn = Turn(0, chat_id, None, "user", "Tom", text, Origin.IMPORTED, Status.COMPLETE, 1.0)
        insert(turn, None)

    write_in_batches(store, texts, write)


def test_a_chat_appears_only_when_its_import_is_complete(store: Store) -> None:
    with hidden_chat(store, CHAT) as chat_id:
        add(store, chat_id)
        assert store.chats() == [] == store.search("harbour")
        assert Casts(store).newest("Anna") is None
    assert [chat.id for chat in store.chats()] == [chat_id] == [Casts(store).newest("Anna")]
    assert [hit.turn.text for hit in store.search("harbour")] == ["harbour"]


def test_other_programs_write_between_the_batches_of_an_import(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_LOCK_S", 0.0)
    with Store(store.file, busy_timeout=0.0) as other:
        monkeypatch.setattr(module.time, "sleep", lambda seconds: other.set_flag("told", "yes"))
        with hidden_chat(store, CHAT) as chat_id:
            add(store, chat_id)
    assert store.flag("told") == "yes"
    assert [turn.text for turn in store.tree(chat_id)] == list(TEXTS)


def test_a_failed_import_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), hidden_chat(store, CHAT) as chat_id:
        add(store, chat_id)
        raise ZeroDivisionError
    with pytest.raises(StoreError, match="no chat"):
        store.chat(chat_id)
    assert store.search("harbour") == []


IMPORTER = """
import sys, time
from pathlib import Path
from rpterm.store import Store
from rpterm.store.hidden_chat import hidden_chat, write_in_batches
from rpterm.types import Chat, Origin, Status, Turn
def write(insert, text):
    turn = Turn(0, chat_id, None, "user", "Tom", text, Origin.IMPORTED, Status.COMPLETE, 1.0)
    insert(turn, None)
store = Store(Path(sys.argv[1]))
with hidden_chat(store, Chat(id=0, title="", card_name="Anna", card_hash="h")) as chat_id:
    write_in_batches(store, sys.argv[2:], write)
    print(chat_id, flush=True)
    time.sleep(600)
"""


def test_the_next_start_deletes_a_chat_whose_import_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    run_and_kill(IMPORTER, str(path), *TEXTS, lines=1)
    with Store(path) as store, pytest.raises(StoreError, match="no chat"):
        store.chat(1)
    assert b"harbour" not in path.read_bytes()
    assert [each.name for each in tmp_path.iterdir()] == ["rp.db"]


def test_a_running_import_is_left_alone(store: Store) -> None:
    with hidden_chat(store, CHAT) as chat_id:
        add(store, chat_id)
        with Store(store.file) as other:
            assert other.chat(chat_id).turn_count == len(TEXTS)


def test_without_lock_files_an_import_is_a_single_transaction(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(descriptor: int) -> None:
        raise OSError("no locks here")

    monkeypatch.setattr("rpterm.store.database.process_locks._try_lock", unsupported)
    with Store(store.file) as other, hidden_chat(store, CHAT) as chat_id:
        add(store, chat_id)
        with pytest.raises(StoreError, match="no chat"):
            other.chat(chat_id)
    assert store.chat(chat_id).turn_count == len(TEXTS)
