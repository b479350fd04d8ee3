"""The folder of saved caches: the nearest file, the limit, forgetting."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from rpterm.chat import saved_caches
from rpterm.chat.saved_caches import SavedCaches
from rpterm.engine.scripted import ScriptedEngine


def put(states: SavedCaches, chat: int, age: int, *, card: str = "Mara", size: int = 10) -> Path:
    path = states.path_for(chat, card, "key")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (1_000_000 - age, 1_000_000 - age))
    return path


def test_the_own_file_goes_before_a_newer_one(tmp_path: Path) -> None:
    states = SavedCaches(tmp_path)
    own = put(states, 1, age=50)
    newer = put(states, 2, age=5)
    put(states, 3, age=1, card="Bo")
    assert states.nearest_path(1, "Mara", "key") == own
    assert states.nearest_path(9, "Mara", "key") == newer
    assert states.nearest_path(9, "Mara", "other key") is None


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    states = SavedCaches(tmp_path, limit=25)
    old, mid, new = (put(states, n, age=90 - 10 * n) for n in (1, 2, 3))
    states.prune()
    assert (old.exists(), mid.exists(), new.exists()) == (False, True, True)


def test_forgetting_takes_one_chat_only(tmp_path: Path) -> None:
    states = SavedCaches(tmp_path)
    one, eleven = put(states, 1, age=1), put(states, 11, age=1)
    states.forget(1)
    assert (one.exists(), eleven.exists()) == (False, True)


def test_no_further_file_is_begun_when_the_disk_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Mock(wraps=ScriptedEngine([]))
    prompts = [("Mara", (1, 2)), ("Bo", (1, 3))]
    SavedCaches(tmp_path).save(engine, 1, "key", prompts)
    assert engine.save_state.call_count == 2
    monkeypatch.setattr(saved_caches, "SAVE_S", -1)
    SavedCaches(tmp_path).save(engine, 1, "key", prompts)
    assert engine.save_state.call_count == 3
