"""Repair recovers what is readable and keeps the damaged file."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rpterm.store import Store, StoreError
from rpterm.store.repair.rebuild import repair
from rpterm.types import Generation, Origin, Sampling, Status

TURNS = 400


def fill(path: Path) -> int:
    with Store(path) as store:
        store.put_card("A", 'name = "A"')
        chat = store.create_chat(card_name="A", card_hash="h", title="Mine")
        parent = None
        for number in range(TURNS):
            text = f"number{number} " + "some padding " * 40
            parent = store.add_turn(chat.id, parent, "user", "U", text, origin=Origin.TYPED).id
        reply = store.add_turn(
            chat.id, parent, "assistant", "A", "", origin=Origin.GENERATED, status=Status.STREAMING
        )
        made = Generation("llama", "m", "h", Sampling(seed=1), prompt_ids=(1, 2))
        store.finish_reply(reply.id, "the end", Status.COMPLETE, made)
    return chat.id


def damage(path: Path, start: int, end: int) -> None:
    content = bytearray(path.read_bytes())
    content[start:end] = os.urandom(end - start)
    path.write_bytes(content)


def recovered(path: Path) -> int:
    """How many turns are back, every one of them whole and consistent."""
    with Store(path) as store:
        turns = [turn for chat in store.chats() for turn in store.tree(chat.id)]
        for turn in turns[:-1]:
            assert turn.text == f"number{turn.id - 1} " + "some padding " * 40
            assert [hit.turn.id for hit in store.search(f"number{turn.id - 1} padding")][:1]
        with store.connections.read() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            (mode,) = connection.execute("PRAGMA auto_vacuum").fetchone()
            assert mode == 2
        for chat in store.chats():
            assert chat.leaf_id is not None
            store.path(chat.leaf_id)
        return len(turns)


def lose_place(path: Path) -> None:
    """Damage that costs no row: no chat knows its last turn."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE chats SET leaf_id = NULL")


def add_future(path: Path, room: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as newer:
        newer.executescript(
            "CREATE TABLE future (id INTEGER PRIMARY KEY, text TEXT);"
            "INSERT INTO future VALUES (1, 'not ours'); ALTER TABLE chats ADD COLUMN later TEXT;"
        )
        newer.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES (?, 'm099_future', '')",
            (room,),
        )


def test_a_sound_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    fill(path)
    with Store(path) as store:
        store.create_chat(card_name="A", card_hash="h", title="Nothing said yet")
    before = path.read_bytes()
    assert repair(path) is None
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["rp.db"]


@pytest.mark.parametrize("room", ["rpterm", "rpterm-memory", "rpterm-room-of-the-future"])
@pytest.mark.parametrize("hurt", [False, True])
def test_a_newer_file_is_left_alone(tmp_path: Path, room: str, hurt: bool) -> None:
    path = tmp_path / "rp.db"
    fill(path)
    add_future(path, room)
    if hurt:
        lose_place(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"rp\.db was written by a newer rpterm"):
        repair(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["rp.db"]


def test_harmless_damage_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    chat_id = fill(path)
    lose_place(path)
    before = path.read_bytes()
    kept = repair(path)
    assert kept is not None and kept.read_bytes() == before
    assert recovered(path) == TURNS + 1
    with Store(path) as store:
        leaf = store.chat(chat_id).leaf_id or 0
        assert store.generation(leaf) is not None
        assert len(store.path(leaf)) == TURNS + 1
        assert store.chats()[0].title == "Mine"


def test_a_damaged_page_loses_only_its_own_rows(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    fill(path)
    pages = path.stat().st_size // 4096
    damage(path, pages // 2 * 4096, (pages // 2 + 4) * 4096)
    with pytest.raises(StoreError, match="damaged"):
        Store(path)
    kept = repair(path)
    assert kept is not None and kept.exists() and kept != path
    assert TURNS - 60 <= recovered(path) <= TURNS + 1


@pytest.mark.parametrize("end", [16, 100, 4096])
def test_a_lost_first_page(tmp_path: Path, end: int) -> None:
    path = tmp_path / "rp.db"
    fill(path)
    damage(path, 0, end)
    with pytest.raises(StoreError):
        Store(path)
    repair(path)
    assert recovered(path) == TURNS + 1


def test_a_truncated_file_yields_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    fill(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3 + 11])
    repair(path)
    assert recovered(path) > TURNS // 4


def test_ids_continue_after_a_repair(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    chat_id = fill(path)
    with Store(path) as store:
        gone = store.chat(chat_id).leaf_id or 0
        store.delete_turn(gone)
    lose_place(path)
    assert repair(path) is not None
    with Store(path) as store:
        new = store.add_turn(chat_id, None, "user", "U", "x", origin=Origin.TYPED)
    assert new.id > gone


def test_nothing_readable_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    path.write_bytes(os.urandom(300))
    before = path.read_bytes()
    try:
        repair(path)
    except StoreError as error:
        assert "backup" in str(error)
        assert path.read_bytes() == before
        assert [file.name for file in tmp_path.iterdir()] == ["rp.db"]
    else:
        pytest.fail("random bytes were taken for a database")


def test_a_running_writer_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    with Store(path) as store:
        chat = store.create_chat(card_name="A", card_hash="h")
        store.add_turn(
            chat.id, None, "assistant", "A", "", origin=Origin.GENERATED, status=Status.STREAMING
        )
        with pytest.raises(StoreError, match="running rpterm"):
            repair(path)


def test_a_missing_file_cannot_be_repaired(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no database"):
        repair(tmp_path / "rp.db")
