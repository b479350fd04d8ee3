"""Casts: stored and read completely, deleted with their chat, kept by backup and repair."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpterm.store import Store, StoreError, chats
from rpterm.store.cast import Casts
from rpterm.store.memory.memories import Memories
from rpterm.store.repair.rebuild import repair
from rpterm.store.schema.chat_tables import CHATS
from rpterm.store.schema.migration import TableGroup
from rpterm.store.schema.table_groups import prepare
from rpterm.types import Cast, Chat, Member, Origin, Turn, TurnTaking

HOLMES = Member("Sherlock Holmes", "Holmes")
IRENE = Member("Irene Adler", "Irene", "h2", "/cards/irene.toml")
TOLD = Member("Narrator", "Narrator", "h3", narrator=True)
CAST = Cast((HOLMES, IRENE, TOLD), TurnTaking.ROUND, "Irene Adler")


def new_chat(store: Store, name: str = "Sherlock Holmes") -> int:
    return store.create_chat(card_name=name, card_hash="h").id


def test_a_cast_round_trips(store: Store) -> None:
    chat = new_chat(store)
    assert Casts(store).get(chat) is None
    Casts(store).put(chat, CAST)
    assert Casts(store).get(chat) == CAST
    assert Casts(store).counts() == {chat: 3}
    Casts(store).put(chat, None)
    assert Casts(store).get(chat) is None


_NAMES = st.text("aé日 '-/", min_size=1, max_size=6)
_MEMBERS = st.builds(
    Member, _NAMES, _NAMES, _NAMES, st.none() | _NAMES, st.booleans(), st.booleans(), st.booleans()
)


@settings(max_examples=40)
@given(
    members=st.lists(_MEMBERS, min_size=1, max_size=6, unique_by=lambda m: m.card_name),
    taking=st.sampled_from(TurnTaking),
    held=_NAMES,
)
def test_any_cast_round_trips(
    tmp_path_factory: pytest.TempPathFactory, members: list[Member], taking: TurnTaking, held: str
) -> None:
    with Store(tmp_path_factory.mktemp("cast") / "rp.db") as store:
        chat = new_chat(store)
        cast = Cast(tuple(members), taking, held)
        Casts(store).put(chat, cast)
        assert Casts(store).get(chat) == cast


def test_a_cast_is_deleted_with_its_chat(store: Store) -> None:
    first, second = new_chat(store), new_chat(store)
    for chat in (first, second):
        Casts(store).put(chat, CAST)
    store.delete_chat(first)
    assert Casts(store).get(first) is None and Casts(store).get(second) == CAST
    with pytest.raises(StoreError, match="no chat"):
        Casts(store).put(first, CAST)


def test_a_file_older_than_casts_is_migrated_without_loss(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        prepare(connection, path, [CHATS])
        chat = chats.insert(connection, Chat(0, "", "Sherlock Holmes", "h")).id
        turn = chats.insert_turn(connection, Turn(0, chat, None, "user", "Ann", "Who rang?"))
    with Store(path) as store:
        Casts(store).put(chat, CAST)
        assert [each.text for each in store.path(turn)] == ["Who rang?"]
        assert Casts(store).get(chat) == CAST


def test_present_members_remember_and_a_narrator_does_not(store: Store) -> None:
    chat = new_chat(store)
    Casts(store).put(chat, CAST)
    turn = store.add_turn(chat, None, "user", "Ann", "The key is here", origin=Origin.TYPED)
    memories = Memories(store)
    memories.remember_turns([turn.id])
    memories.remember_turns([turn.id])
    for name, count in (("Sherlock Holmes", 1), ("Irene Adler", 1), ("Narrator", 0)):
        assert len(memories.page(name)) == count, name
    assert memories.shown_paths("Irene Adler") == {chat: [turn.id]}
    assert memories.shown_paths("Moriarty") == {}


def test_memories_of_the_previous_schema_get_their_hearers(tmp_path: Path) -> None:
    from rpterm.store.schema import cast_tables
    from rpterm.store.schema.memory_tables import MIGRATIONS

    path = tmp_path / "old.db"
    before = TableGroup(
        "rpterm-memory", {name: MIGRATIONS[name] for name in MIGRATIONS if name < "m003"}
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        prepare(connection, path, [CHATS, cast_tables.CAST, before])
        chat = chats.insert(connection, Chat(0, "", "Sherlock Holmes", "h")).id
        turn = chats.insert_turn(connection, Turn(0, chat, None, "user", "Ann", "An old word"))
        connection.execute(
            "INSERT INTO memories (kind, character, chat_id, turn_id, speaker, text, created_at, "
            "hash) VALUES ('turn', 'Sherlock Holmes', ?, ?, 'Ann', 'An old word', 1, x'00')",
            (chat, turn),
        )
    with Store(path) as store:
        Casts(store).put(chat, CAST)
        memories = Memories(store)
        memories.remember_turns([turn])
        assert [m.text for m in memories.page("Irene Adler")] == ["An old word"]
        assert len(memories.page("Sherlock Holmes")) == 1


def test_backup_and_repair_keep_casts(store: Store, tmp_path: Path) -> None:
    chat = new_chat(store)
    Casts(store).put(chat, CAST)
    store.backup(tmp_path / "copy.db")
    with Store(tmp_path / "copy.db") as copy:
        assert Casts(copy).get(chat) == CAST
    assert repair(tmp_path / "copy.db") is None
    with (tmp_path / "copy.db").open("r+b") as file:
        file.seek(36)  # the number of free pages, unchecked where there are views
        file.write(b"\xff" * 4)
    assert repair(tmp_path / "copy.db") is not None
    with Store(tmp_path / "copy.db") as mended:
        assert Casts(mended).get(chat) == CAST
