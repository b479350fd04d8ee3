"""Bad files, bad places, full disks: one clear message each, and nothing is lost."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from rpterm.store import Store, StoreError
from rpterm.store.schema.table_groups import TABLE_GROUPS
from rpterm.types import Origin


def fill(path: Path, turns: int = 3, size: int = 20) -> int:
    with Store(path) as store:
        chat = store.create_chat(card_name="A", card_hash="h")
        parent = None
        for number in range(turns):
            text = f"number{number} " + "pad " * size
            parent = store.add_turn(chat.id, parent, "user", "U", text, origin=Origin.TYPED).id
    return chat.id


def refusal(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        Store(path, busy_timeout=0.1)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message and message.endswith(".")
    return message


def test_not_a_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"these are my notes, not a database\n" * 50)
    before = path.read_bytes()
    assert "doctor --repair" in refusal(path)
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipes (name)")
    before = path.read_bytes()
    assert "another program" in refusal(path)
    assert path.read_bytes() == before


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


def test_a_parent_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "RPTERM_HOME" in refusal(tmp_path / "file" / "rp.db")


@pytest.mark.parametrize("room", [*(room.name for room in TABLE_GROUPS), "rpterm-new"])
def test_a_newer_schema(tmp_path: Path, room: str) -> None:
    path = tmp_path / "rp.db"
    fill(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as newer:
        newer.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES (?, 'm999_future', '')",
            (room,),
        )
    assert "newer rpterm" in refusal(path)


def test_a_damaged_file_is_noticed_at_start(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    fill(path, turns=200)
    content = bytearray(path.read_bytes())
    content[4096 * 20 : 4096 * 30] = os.urandom(4096 * 10)
    path.write_bytes(content)
    assert "damaged" in refusal(path)


def test_a_truncated_file_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    fill(path, turns=200)
    path.write_bytes(path.read_bytes()[: 4096 * 25])
    assert "damaged" in refusal(path)


def test_a_file_locked_by_another_program(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    chat_id = fill(path)
    with Store(path, busy_timeout=0.1) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="held the database"):
                store.add_turn(chat_id, None, "user", "U", "x", origin=Origin.TYPED)
            assert store.chat(chat_id).turn_count == 3
            other.execute("ROLLBACK")
        store.add_turn(chat_id, None, "user", "U", "x", origin=Origin.TYPED)


def test_a_full_disk_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    chat_id = fill(path)
    with Store(path) as store:
        with store.connections.read() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreError, match="disk is full"):
            store.add_turn(chat_id, None, "user", "U", "x" * 100_000, origin=Origin.TYPED)
        assert store.chat(chat_id).turn_count == 3
        with store.connections.read() as connection:
            assert not connection.in_transaction
            connection.execute("PRAGMA max_page_count = 1000000")
        store.add_turn(chat_id, None, "user", "U", "x" * 100_000, origin=Origin.TYPED)
        assert store.chat(chat_id).turn_count == 4


READ_ONLY = """
import os, sys
from pathlib import Path
from rpterm.store import Store, StoreError
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)  # root may write everywhere
"""
OPEN = """
try:
    Store(Path(sys.argv[1]))
except StoreError as error:
    print(error)
"""
READ = """
with Store(Path(sys.argv[1]), allow_read_only=True) as store:
    [chat] = store.chats()
    print([turn.text.split()[0] for turn in store.path(chat.leaf_id)])
    for write in (store.update_chat, store.delete_chat):
        try:
            write(chat.id)
        except StoreError as error:
            print(error)
"""


def run_read_only(folder: Path, script: str, path: Path) -> str:
    """What a script prints that may read the folder, but not write it."""
    above = [each for each in folder.parents if each.name.startswith(("pytest-", "popen-"))]
    for parent in above:
        parent.chmod(0o755)  # Others must get through; root's own folders let nobody.
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    command = [sys.executable, "-c", READ_ONLY + script, str(path)]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    finally:
        for parent in (*above, folder):
            parent.chmod(0o700)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of another kind")
@pytest.mark.parametrize("existing", [False, True])
def test_a_read_only_folder(tmp_path: Path, existing: bool) -> None:
    path = tmp_path / "rp.db"
    if existing:
        fill(path)
    told = run_read_only(tmp_path, OPEN, path)
    assert "cannot be" in told and "writable" in told


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of another kind")
@pytest.mark.parametrize("running", [False, True])
def test_a_read_only_database_can_be_read(tmp_path: Path, running: bool) -> None:
    path = tmp_path / "100% #1?.db"
    fill(path)
    with Store(path) if running else nullcontext() as store:
        if store:  # What it writes is in the log next to the database.
            leaf = store.chats()[0].leaf_id
            store.add_turn(1, leaf, "user", "U", "newest", origin=Origin.TYPED)
        texts, *refused = run_read_only(tmp_path, READ, path).splitlines()
    assert ("newest" if running else "number2") in texts.split()[-1]
    assert len(refused) == 2 and all("cannot be written" in each for each in refused)


def test_a_text_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rpterm.store.row_conversion.MAX_TEXT", 10)
    chat_id = fill(tmp_path / "rp.db", turns=0)
    with Store(tmp_path / "rp.db") as store, pytest.raises(StoreError, match="Split it"):
        store.add_turn(chat_id, None, "user", "U", "x" * 11, origin=Origin.TYPED)


def test_a_backup_is_one_complete_file_and_overwrites_nothing(tmp_path: Path) -> None:
    path, to = tmp_path / "rp.db", tmp_path / "deep" / "copy.db"
    chat_id = fill(path)
    with Store(path) as store:
        store.backup(to)
        before = to.read_bytes()
        with pytest.raises(StoreError, match="exists already"):
            store.backup(to)
        with pytest.raises(StoreError, match="exists already"):
            store.backup(tmp_path)
    assert to.read_bytes() == before
    assert [file.name for file in to.parent.iterdir()] == ["copy.db"]
    with Store(to) as copy:
        assert copy.chat(chat_id).turn_count == 3
        assert len(copy.search("number1")) == 1


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "rp.db")
    (tmp_path / "file").write_text("")
    with Store(tmp_path / "rp.db") as store, pytest.raises(StoreError, match="cannot be written"):
        store.backup(tmp_path / "file" / "copy.db")


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    fill(tmp_path / "rp.db")
    assert (tmp_path / "rp.db").stat().st_mode & 0o077 == 0
