"""Files of every older schema open without loss."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from rpterm.store import Store, chats
from rpterm.store.judgements import Judgements
from rpterm.store.schema import judgement_tables
from rpterm.store.schema.chat_tables import CHATS, MIGRATIONS
from rpterm.store.schema.table_groups import prepare
from rpterm.types import Chat, Status, Turn

OLD = Path(__file__).parent / "old"


def test_there_is_a_dump_of_every_older_schema() -> None:
    names = list(MIGRATIONS)
    assert sorted(path.stem for path in OLD.glob("*.sql")) == names[:-1]


@pytest.mark.parametrize("dump", sorted(OLD.glob("*.sql")), ids=lambda path: path.stem)
def test_an_old_file_opens(dump: Path, tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    with Store(path) as store:
        (chat,) = store.chats()
        turns = store.path(chat.leaf_id or 0)
        assert [(turn.text, turn.status) for turn in turns] == [
            ("The fog lifts.", Status.COMPLETE),
            ("Who is there?", Status.COMPLETE),
            ("Only the lighthouse", Status.PARTIAL),
        ]
        assert not any(turn.hidden or turn.lifted for turn in turns)
        assert store.hide(turns[1].id).hidden and store.turn(turns[1].id).hidden
        assert [hit.turn.id for hit in store.search("lighthouse")] == [turns[-1].id]
        assert [hit.turn.id for hit in store.search("fog")] == [turns[0].id]
        store.delete_chat(chat.id)
        assert store.search("fog") == []


def test_there_is_a_dump_of_every_older_judgement_schema() -> None:
    names = list(judgement_tables.MIGRATIONS)
    assert sorted(path.stem for path in (OLD / "judgements").glob("*.sql")) == names[:-1]


@pytest.mark.parametrize(
    "dump", sorted((OLD / "judgements").glob("*.sql")), ids=lambda path: path.stem
)
def test_old_judgements_survive_migration(dump: Path, tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        prepare(connection, path, [CHATS])
        chat = chats.insert(connection, Chat(0, "", "Mara", "h")).id
        greeting, reply = (
            chats.insert_turn(connection, Turn(0, chat, None, "assistant", "Mara", text))
            for text in ("The fog lifts.", "Who is there?")
        )
        connection.executescript(dump.read_text(encoding="utf-8"))
    with Store(path) as store:
        judged = Judgements(store)
        assert [(each.turn_id, each.value) for each in judged.ratings()] == [(reply, 1)]
        judged.kept_by_score(reply)
        assert judged.is_kept_by_score(reply) and not judged.is_kept_by_score(greeting)


def test_an_up_to_date_file_opens_without_sqlite_utils(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    Store(path).close()
    code = (
        "import sys; from pathlib import Path; from rpterm.store import Store; "
        "Store(Path(sys.argv[1])).close(); print('sqlite_utils' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
