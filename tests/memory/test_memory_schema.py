"""Memories of every older schema are all there in the newest one."""

import sqlite3
from contextlib import closing
from itertools import islice

import pytest

from rpterm.store import Store, chats, tree
from rpterm.store.database import secure_erase
from rpterm.store.memory.memories import Memories
from rpterm.store.memory.records import Memory, wording_hash
from rpterm.store.memory.vectors import MemoryVectors
from rpterm.store.schema.cast_tables import CAST
from rpterm.store.schema.chat_tables import CHATS
from rpterm.store.schema.memory_tables import ERASE_MARK, MIGRATIONS
from rpterm.store.schema.migration import TableGroup
from rpterm.store.schema.table_groups import prepare
from rpterm.types import Chat, Turn


@pytest.fixture(params=range(1, len(MIGRATIONS)))
def old(tmp_path, request):
    """A store whose memories are still of an older schema; the newest of them was forgotten."""
    path = tmp_path / "t.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        older = TableGroup("rpterm-memory", dict(islice(MIGRATIONS.items(), request.param)))
        prepare(connection, path, [CHATS, CAST, older])
        chat = chats.insert(connection, Chat(0, "", "Keeper", "h")).id
        turn = chats.insert_turn(connection, Turn(0, chat, None, "user", "Ann", "I keep bees"))
        tree.show(connection, chat, turn)
        _add(connection, "turn", "I keep bees", speaker="Ann", turn_id=turn, chat_id=chat)
        _add(connection, "fact", "Ann lives in Bath", turn_id=turn, chat_id=chat)
        _add(connection, "fact", "Ann lives in London", pinned=1, by_model=1)
        connection.execute("UPDATE memories SET superseded_by = 3 WHERE id = 2")
        connection.execute(
            "INSERT INTO memory_vectors VALUES (?, 'm', x'01020304')",
            (wording_hash("Ann", "I keep bees"),),
        )
        _add(connection, "note", "forgotten")
        connection.execute("DELETE FROM memories WHERE id = 4")
    with Store(path) as store:
        yield store


def _add(connection: sqlite3.Connection, kind: str, text: str, speaker="", **more: int) -> None:
    values = {"kind": kind, "character": "Keeper", "speaker": speaker, "text": text,
              "created_at": 5.0, "hash": wording_hash(speaker, text), **more}  # fmt: skip
    marks = ", ".join("?" * len(values))
    connection.execute(
        f"INSERT INTO memories ({', '.join(values)}) VALUES ({marks})", tuple(values.values())
    )


def test_old_memories_stay_as_they_were(old):
    memories = Memories(old)
    london, bath, bees = memories.page("Keeper")
    assert (bees.kind, bees.speaker, bees.turn_id, bees.chat_id) == ("turn", "Ann", 1, 1)
    assert (bath.superseded_by, london.superseded_by) == (london.id, None)
    assert (london.pinned, london.by_model, london.hidden) == (True, True, False)
    assert [m.id for m in memories.search("bees", "Keeper")] == [bees.id]
    assert MemoryVectors(old).progress("m") == (1, 3)


def test_no_id_comes_back_and_what_hangs_on_memories_still_does(old):
    memories = Memories(old)
    fresh = memories.add(Memory("document", "Keeper", "A piece of a book"))
    assert fresh.id == 5
    seq = memories.last_change()
    assert memories.forget([3, 1]) == 2
    assert memories.changed(seq).memories == {1, 2, 3}  # 2 lost its successor
    assert memories.get(2).superseded_by is None
    assert memories.search("bees", "Keeper") == []
    assert MemoryVectors(old).progress("m") == (0, 2)
    old.delete_chat(1)
    assert [m.id for m in memories.page("Keeper")] == [fresh.id]


def test_what_is_forgotten_during_a_scrub_is_scrubbed_by_the_next(old, monkeypatch):
    memories = Memories(old)
    scrub = secure_erase.scrub

    def meanwhile(connection: sqlite3.Connection) -> bool:
        done = scrub(connection)
        with sqlite3.connect(old.file) as other:
            other.execute("DELETE FROM memories WHERE id = 2")
        other.close()
        return done

    with monkeypatch.context() as patch:
        patch.setattr(secure_erase, "scrub", meanwhile)
        memories.forget([3])
    assert old.flag(ERASE_MARK)
    assert memories.scrub() and old.flag(ERASE_MARK) is None
