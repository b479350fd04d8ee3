"""Whichever page of a file is damaged, repair recovers every turn on other pages."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rpterm.store import Store, StoreError
from rpterm.store.repair.page_parser import Pages
from rpterm.store.repair.rebuild import repair
from rpterm.types import Generation, Origin, Sampling, Status

TURNS = 200
SIZE = 4096
KINDS = ("noise", "zeros", "ones")
OVERFLOW = (3, 4)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two chats of turns, two of them long."""
    path = tmp_path_factory.mktemp("good") / "rp.db"
    with Store(path) as store:
        store.put_card("A", 'name = "A"')
        chats = [store.create_chat(card_name="A", card_hash="h", title=t) for t in ("One", "Two")]
        parents: list[int | None] = [None, None]
        for number in range(TURNS):
            which = number % 2
            reply = store.add_turn(
                chats[which].id, parents[which], "assistant", "A", "", origin=Origin.GENERATED,
                status=Status.STREAMING,
            )  # fmt: skip
            made = Generation("llama", "m", "h", Sampling(seed=number), prompt_ids=(1, 2))
            store.finish_reply(reply.id, text_of(reply.id), Status.COMPLETE, made)
            parents[which] = reply.id
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def text_of(turn_id: int) -> str:
    return f"number{turn_id} " + "some padding " * (700 if turn_id in (50, 120) else 12)


def damaged(good: Path, folder: Path, page: int, kind: str) -> Path:
    path = folder / "rp.db"
    content = bytearray(good.read_bytes())
    bad = {"zeros": b"\0" * SIZE, "ones": b"\xff" * SIZE}.get(kind)
    content[(page - 1) * SIZE : page * SIZE] = bad or random.Random(page).randbytes(SIZE)
    path.write_bytes(content)
    return path


def turns_in(path: Path) -> dict[int, str]:
    with Store(path) as store:
        with store.connections.read() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return {turn.id: turn.text for chat in store.chats() for turn in store.tree(chat.id)}


def expected(pages: Pages, page: int) -> set[int]:
    """The turns that a damaged page does not hold a piece of."""
    here = {row.number for row in pages.rows(page) if "assistant" in row.values}
    long = {50, 120} if pages._pointer_map_entry(page)[0] in OVERFLOW else set()
    return set(range(1, TURNS + 1)) - here - long


def pages_of(path: Path) -> Pages:
    content = path.read_bytes()
    return Pages(content, b"", content)


def saved(good: Path, folder: Path, page: int, kind: str) -> tuple[set[int], set[int]]:
    """The turns that must be back, and those that are."""
    path = damaged(good, folder, page, kind)
    repair(path)
    found = turns_in(path)
    wanted = expected(pages_of(good), page)
    assert all(text == text_of(number) for number, text in found.items() if number in wanted)
    return wanted, set(found)


def interesting(good: Path) -> list[int]:
    """The list of tables, the map, every root, and some of each other kind of page."""
    pages = pages_of(good)
    rng = random.Random(1)
    rest = list(range(3, pages.count + 1))
    inner = [n for n in rest if pages.page(n)[0] == 5]
    turns = [n for n in rest if any("assistant" in row.values for row in pages.rows(n))]
    schema = [1, 2, *pages._children(1)]
    return [*schema, *inner, *rng.sample(turns, 3), *rng.sample(rest, 3)]


def test_turns_on_intact_pages_are_recovered(good: Path, tmp_path: Path) -> None:
    chosen = interesting(good)
    assert len(pages_of(good)._children(1)) >= 2, "the list of tables has several pages"
    for number, page in enumerate(chosen):
        folder = tmp_path / str(page)
        folder.mkdir(exist_ok=True)
        wanted, found = saved(good, folder, page, KINDS[number % 3])
        assert wanted <= found, (page, KINDS[number % 3], sorted(wanted - found)[:5])
        shutil.rmtree(folder)


def test_rows_of_a_sound_file_are_those_that_sqlite_reads(good: Path) -> None:
    pages = pages_of(good)
    with closing(sqlite3.connect(good)) as connection:
        roots = dict(
            connection.execute("SELECT rootpage, name FROM sqlite_master WHERE type = 'table'")
        )
        for group in pages.groups(()):
            name = roots.get(group.root)
            if name in ("turns", "generations", "turns_fts_data"):
                query = f"SELECT rowid, * FROM {name} ORDER BY rowid"
                whole = connection.execute(query).fetchall()
                ours = sorted((row.number, *row.values[1:]) for row in group.rows)
                assert ours == [(row[0], *row[2:]) for row in whole], name


def test_the_write_ahead_log_is_read(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    shutil.copyfile(good, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE turns SET text = 'In the log.' WHERE id = 7")
        kept = tmp_path / "kept"
        kept.mkdir()
        for name in ("rp.db", "rp.db-wal"):
            shutil.copyfile(tmp_path / name, kept / name)
    for page in (1, *pages_of(good)._children(1)):
        folder = tmp_path / str(page)
        shutil.copytree(kept, folder)
        damaged(kept / "rp.db", folder, page, "noise")
        repair(folder / "rp.db")
        found = turns_in(folder / "rp.db")
        assert found[7] == "In the log." and len(found) == TURNS


@pytest.mark.parametrize("size", [0, 100, 5000, 12_000])
def test_noise_is_refused_in_a_sentence(tmp_path: Path, size: int) -> None:
    path = tmp_path / "rp.db"
    path.write_bytes(random.Random(size).randbytes(size))
    with pytest.raises(StoreError, match=r"backup|Nothing"):
        repair(path)
