"""Deleted text is not in the bytes of any file."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rpterm.store import Store
from rpterm.store.database import secure_erase
from rpterm.store.memory.memories import Memories
from rpterm.types import Generation, Origin, Sampling, Status


def bytes_of(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes().lower() for path in sorted(folder.iterdir()))


def fill(store: Store, words: list[str]) -> list[int]:
    """One chat; each turn repeats its own word among filler, every fifth is long."""
    chat = store.create_chat(card_name="A", card_hash="h")
    ids = []
    for place, word in enumerate(words):
        filler = "the sea was calm " * (400 if place % 5 == 0 else 5)
        text = f"{word} {filler} {word}"
        ids.append(store.add_turn(chat.id, None, "user", "U", text, origin=Origin.TYPED).id)
    return ids


def words(seed: int, many: int) -> list[str]:
    draw = random.Random(seed)
    return ["".join(draw.choices("bcdfghjklmnpqrtvwxz", k=14)) for _ in range(many)]


def test_deleted_turns_leave_no_trace_while_others_stay(tmp_path: Path) -> None:
    vocabulary = words(1, 120)
    with Store(tmp_path / "rp.db") as store:
        ids = fill(store, vocabulary)
        order = list(range(120))
        random.Random(2).shuffle(order)
        gone, kept = order[:60], order[60:]
        for place in gone:
            store.delete_turn(ids[place])
        found = bytes_of(tmp_path)
        assert [vocabulary[place] for place in gone if vocabulary[place].encode() in found] == []
        # The index must not hold parts of them either (terms share their beginnings).
        assert [vocabulary[p] for p in gone if vocabulary[p][4:].encode() in found] == []
        assert all(vocabulary[place].encode() in found for place in kept)
        assert all(len(store.search(vocabulary[place])) == 1 for place in kept)


def test_a_deleted_chat_leaves_no_trace_nor_its_prompts(tmp_path: Path) -> None:
    with Store(tmp_path / "rp.db") as store:
        chat = store.create_chat(card_name="A", card_hash="h", title="titleword")
        turn = store.add_turn(
            chat.id, None, "assistant", "A", "", origin=Origin.GENERATED, status=Status.STREAMING
        )
        for end in range(1, 9):
            store.write_reply(turn.id, "qwxvbnm " * end)
        made = Generation(
            "llama", "m", "h", Sampling(seed=1), prompt_text="short", stop=("zzstop",)
        )
        store.finish_reply(turn.id, "qwxvbnm done", Status.COMPLETE, made)
        assert b"zzstop" in bytes_of(tmp_path)
        store.delete_chat(chat.id)
        found = bytes_of(tmp_path)
        assert [word for word in (b"qwxvbnm", b"titleword", b"zzstop") if word in found] == []
        assert store.generation(turn.id) is None


def test_the_file_shrinks(tmp_path: Path) -> None:
    path = tmp_path / "rp.db"
    with Store(path) as store:
        chat = store.create_chat(card_name="A", card_hash="h")
        text = " ".join(words(3, 20_000))
        store.add_turn(chat.id, None, "user", "U", text, origin=Origin.TYPED)
        store.set_flag("a", "b")
        store.delete_chat(chat.id)
        assert path.stat().st_size < 500_000


def test_what_follows_an_empty_turn_leaves_no_trace(tmp_path: Path) -> None:
    with Store(tmp_path / "rp.db") as store:
        chat = store.create_chat(card_name="A", card_hash="h")
        empty = store.add_turn(chat.id, None, "assistant", "A", "", origin=Origin.TYPED)
        store.add_turn(chat.id, empty.id, "user", "U", "wrexham", origin=Origin.TYPED)
        store.delete_turn(empty.id)
        assert b"rexham" not in bytes_of(tmp_path)


def test_a_deleted_chat_takes_its_words_in_memory_along(tmp_path: Path) -> None:
    with Store(tmp_path / "rp.db") as store:
        (turn_id,) = fill(store, ["wrexham"])
        Memories(store).remember_turns([turn_id])
    with Store(tmp_path / "rp.db") as store:
        store.delete_chat(store.turn(turn_id).chat_id)
        assert b"rexham" not in bytes_of(tmp_path)


def test_a_crash_before_the_scrub_is_repaired_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "rp.db")
    ids = fill(store, ["wrexham", "zyzzyva"])
    with monkeypatch.context() as crash:
        crash.setattr(secure_erase, "scrub", lambda connection: False)
        store.delete_turn(ids[0])
        store.close()
    # The index keeps a term without the letters it shares with the one before.
    assert b"rexham" in bytes_of(tmp_path)
    Store(tmp_path / "rp.db").close()
    found = bytes_of(tmp_path)
    assert b"rexham" not in found and b"yzzyva" in found


def test_a_large_file_is_scrubbed_in_the_background_and_closing_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secure_erase, "_SMALL_FILE_BYTES", 0)
    with Store(tmp_path / "rp.db") as store:
        ids = fill(store, words(4, 30))
        for turn_id in ids[:20]:
            store.delete_turn(turn_id)
    found = bytes_of(tmp_path)
    assert [word for word in words(4, 30)[:20] if word.encode() in found] == []
