"""Several processes with the same file open, and processes that die."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rpterm.store import Store
from rpterm.store.database import other_processes
from rpterm.store.database.process_locks import Presence
from rpterm.types import Origin, Status

WRITER = """
import sys
from pathlib import Path
from rpterm.store import Store
from rpterm.types import Origin
with Store(Path(sys.argv[1])) as store:
    chat = store.create_chat(card_name=sys.argv[2], card_hash="h")
    parent = None
    for number in range(60):
        text = f"turn {number} of {sys.argv[2]}"
        parent = store.add_turn(chat.id, parent, "user", "U", text, origin=Origin.TYPED).id
"""

STREAMER = """
import sys
from pathlib import Path
from rpterm.store import Store
from rpterm.types import Origin, Status
store = Store(Path(sys.argv[1]))
chat = store.create_chat(card_name="A", card_hash="h")
turn = store.add_turn(
    chat.id, None, "assistant", "A", "", origin=Origin.GENERATED, status=Status.STREAMING
)
store.write_reply(turn.id, "the first lantern words")
print(turn.id, flush=True)
sys.stdin.readline()
store.write_reply(turn.id, "the first lantern words and more")
store.finish_reply(turn.id, "all of it", Status.COMPLETE, None)
store.close()
"""


VISITOR = """
import sys
from pathlib import Path
from rpterm.store import Store
with Store(Path(sys.argv[1])) as store:
    store.chats()
"""


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def streaming(path: Path) -> tuple[subprocess.Popen[str], int]:
    process = start(STREAMER, str(path))
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_processes_write_at_once_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    # No file yet: they also race to make and migrate it.
    processes = [start(WRITER, str(path), name) for name in ("Ada", "Bo", "Cy")]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    with Store(path) as store:
        assert sorted(chat.card_name for chat in store.chats()) == ["Ada", "Bo", "Cy"]
        for chat in store.chats():
            assert chat.leaf_id is not None
            expected = [f"turn {number} of {chat.card_name}" for number in range(60)]
            assert [turn.text for turn in store.path(chat.leaf_id)] == expected
        assert len(store.search("turn 59")) == 3


def test_a_killed_process_leaves_a_partial_reply(tmp_path: Path) -> None:
    process, turn_id = streaming(tmp_path / "rp.db")
    process.kill()
    process.communicate(timeout=30)
    with Store(tmp_path / "rp.db") as store:
        turn = store.turn(turn_id)
        assert (turn.text, turn.status) == ("the first lantern words", Status.PARTIAL)
        assert [hit.turn.id for hit in store.search("lantern")] == [turn_id]
    assert [path.name for path in tmp_path.iterdir()] == ["rp.db"]


def test_a_living_process_keeps_its_reply(tmp_path: Path) -> None:
    process, turn_id = streaming(tmp_path / "rp.db")
    with Store(tmp_path / "rp.db") as store:
        assert store.turn(turn_id).status is Status.STREAMING
    with Store(tmp_path / "rp.db") as store:
        assert store.turn(turn_id).status is Status.STREAMING
        _, errors = process.communicate("go\n", timeout=60)
        assert process.returncode == 0, errors
        assert store.turn(turn_id).text == "all of it"
        assert store.turn(turn_id).status is Status.COMPLETE


def test_two_stores_of_one_process_do_not_take_each_other_for_dead(tmp_path: Path) -> None:
    with Store(tmp_path / "rp.db") as one:
        chat = one.create_chat(card_name="A", card_hash="h")
        turn = one.add_turn(
            chat.id, None, "assistant", "A", "", origin=Origin.GENERATED, status=Status.STREAMING
        )
        Store(tmp_path / "rp.db").close()
        with Store(tmp_path / "rp.db") as other:
            assert other.turn(turn.id).status is Status.STREAMING


def test_a_second_store_leaves_the_first_one_its_locks(tmp_path: Path) -> None:
    """As when a chat is left for another one: without locks the next program takes the log away."""
    path = tmp_path / "rp.db"
    with Store(path) as one:
        chat = one.create_chat(card_name="A", card_hash="h")
        Store(path).close()
        visitor = start(VISITOR, str(path))
        _, errors = visitor.communicate(timeout=60)
        assert visitor.returncode == 0, errors
        assert (tmp_path / "rp.db-wal").exists()
        one.add_turn(chat.id, None, "user", "You", "kept", origin=Origin.TYPED)
        with Store(path) as other:
            assert [hit.turn.text for hit in other.search("kept")] == ["kept"]


def test_an_owner_taken_for_dead_reclaims_its_turn(tmp_path: Path) -> None:
    """As on a file system without locks: the mark's file vanishes under a living store."""
    with Store(tmp_path / "rp.db") as one:
        chat = one.create_chat(card_name="A", card_hash="h")
        turn = one.add_turn(
            chat.id, None, "assistant", "A", "a", origin=Origin.GENERATED, status=Status.STREAMING
        )
        for mark in tmp_path.glob("*-live-*"):
            mark.unlink()
        with Store(tmp_path / "rp.db") as other:
            assert other.turn(turn.id).status is Status.PARTIAL
            one.write_reply(turn.id, "ab")
            assert other.turn(turn.id).status is Status.STREAMING
            one.finish_reply(turn.id, "abc", Status.COMPLETE, None)
            assert [hit.turn.text for hit in other.search("abc")] == ["abc"]


OPENER = """
import sys
from pathlib import Path
from rpterm.store.database.process_locks import Presence
presence = Presence(Path(sys.argv[1]), 7)
print("open", flush=True)
sys.stdin.readline()
presence.release()
"""


def test_a_chat_that_is_open_in_another_process_is_known_and_a_dead_one_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "rp.db"
    ours = Presence(path, 7)
    assert not ours.is_open_elsewhere()
    process = start(OPENER, str(path))
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    assert ours.is_open_elsewhere()
    other = Presence(path, 77)
    assert not other.is_open_elsewhere()
    process.kill()
    process.communicate(timeout=30)
    assert not ours.is_open_elsewhere()
    ours.release()
    other.release()
    assert list(tmp_path.iterdir()) == []


def test_streams_of_a_dead_process_are_ended_on_request(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    process, turn_id = streaming(path)
    with Store(path) as store:
        assert other_processes.is_written_elsewhere(store, turn_id)
        other_processes.end_dead_streams(store)
        assert store.turn(turn_id).status is Status.STREAMING
        before = other_processes.data_version(store)
        process.kill()
        process.communicate(timeout=30)
        assert not other_processes.is_written_elsewhere(store, turn_id)
        assert other_processes.data_version(store) == before
        other_processes.end_dead_streams(store)
        assert store.turn(turn_id).status is Status.PARTIAL


def test_writes_by_others_change_the_data_version(tmp_path: Path) -> None:
    with Store(tmp_path / "rp.db") as one, Store(tmp_path / "rp.db") as other:
        before = other_processes.data_version(one)
        one.chats()
        assert other_processes.data_version(one) == before
        other.create_chat(card_name="A", card_hash="h")
        assert other_processes.data_version(one) != before
