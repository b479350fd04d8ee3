"""The main job on the real starter model, as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from cli_tools import LIMIT_S, Spawn, read_until

from rpterm.chat.reply import WRITE_EVERY_S
from rpterm.store import Store
from rpterm.types import Status, Turn

pytestmark = pytest.mark.model

CARD = """name = "Mo"
description = "A ferryman who tells long stories about the river."
greetings = ["Mind the plank."]
"""


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("RPTERM_ENGINE", "llama")
    monkeypatch.setenv("RPTERM_THREADS", "1")  # As ``tests/conftest.py`` has it, and says why.
    path = tmp_path / "mo.toml"
    path.write_text(CARD, encoding="utf-8")
    return str(path)


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=3 * LIMIT_S)
    assert process.returncode == 0, err
    return out, err


def test_once_prints_only_the_reply_and_it_can_be_replayed(
    card: str, spawn: Spawn, home: Path
) -> None:
    once = ("--once", "How deep is it?", "--max-tokens", "24", "--seed", "5", "--temperature", "1")
    out, _ = finish(spawn("chat", card, *once, RPTERM_THREADS="0"))  # This one as users have it.
    with Store(home / "rpterm.db") as store:
        leaf = store.chat(1).leaf_id
        assert leaf is not None
        reply, generation = store.turn(leaf), store.generation(leaf)
    assert out == reply.text + "\n"
    assert generation is not None
    assert (generation.sampling.seed, generation.sampling.temperature) == (5, 1.0)
    assert 0 < generation.usage.generated <= 24
    assert generation.kv_type in ("q8_0/f16", "f16")
    told, _ = finish(spawn("replay", str(reply.id)))
    assert told == f"Identical: all {len(generation.reply_ids)} tokens.\n"


def test_a_reply_is_replayed_with_its_kv_cache_type(card: str, spawn: Spawn, home: Path) -> None:
    once = ("--once", "How deep is it?", "--max-tokens", "24", "--seed", "5", "--kv-type", "q4_0")
    finish(spawn("chat", card, *once))
    (reply,) = (turn for turn in stored(home) if turn.text and turn.origin == "generated")
    told, _ = finish(spawn("replay", str(reply.id)))
    assert told.startswith("Identical: ")


def stored(home: Path) -> list[Turn]:
    with Store(home / "rpterm.db") as store:
        leaf = store.chat(1).leaf_id
        assert leaf is not None
        return store.path(leaf)


def test_a_chat_can_be_continued_after_kill_9_during_a_reply(
    card: str, spawn: Spawn, home: Path
) -> None:
    process = spawn("chat", card, "--plain", "--max-tokens", "400")
    assert process.stdin is not None
    process.stdin.write("Tell me a long story about the river.\n")
    process.stdin.flush()
    read_until(process, "Mo: Mind the plank.\nMo: ", 3 * LIMIT_S)
    first = read_until(process, " ", 3 * LIMIT_S)
    assert stored(home)[-2].text == "Tell me a long story about the river."
    end = time.monotonic() + LIMIT_S
    while not stored(home)[-1].text.startswith(first.strip()) and time.monotonic() < end:
        with suppress(subprocess.TimeoutExpired):
            process.wait(WRITE_EVERY_S)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(LIMIT_S)
    path = stored(home)
    assert path[-1].status in (Status.PARTIAL, Status.COMPLETE)
    assert path[-1].text.startswith(first.strip())
    out, _ = finish(spawn("chat", card, "--once", "Go on.", "--max-tokens", "8"))
    assert out.strip()
    with Store(home / "rpterm.db") as store:
        assert len(store.chats()) == 1
