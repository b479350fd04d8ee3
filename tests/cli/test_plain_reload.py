"""Plain mode follows the card's file, too."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_tools import Spawn, read_until

from rpterm.store import Store

GOOD = 'name = "Ada"\ndescription = "Counts stars."\ngreetings = ["Good evening."]\n'


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "ada.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_a_saved_card_is_used_from_the_next_line(spawn: Spawn, card: Path, home: Path) -> None:
    chat = spawn("chat", str(card), "--plain")
    assert chat.stdin is not None
    chat.stdin.write("Hello\n")
    chat.stdin.flush()
    read_until(chat, "Ada: *looks")
    read_until(chat, "\n")
    card.write_text(GOOD.replace("stars", "comets"), encoding="utf-8")
    chat.stdin.write("And now?\n")
    chat.stdin.flush()
    read_until(chat, "Go on")
    read_until(chat, "\n")
    card.write_text(GOOD + "colour = 1\n", encoding="utf-8")
    out, told = chat.communicate("And now?\n", timeout=60)
    assert chat.returncode == 0 and "Ada: " in out
    assert "The card was saved. description: changed, +" in told
    assert "ada.toml:4: colour: There is no key colour" in told and "last good card" in told
    with Store(home / "rpterm.db") as store:
        prompts = [
            generation.prompt_text
            for turn in store.tree(1)
            if turn.role == "assistant" and (generation := store.generation(turn.id))
        ]
        assert "comets" in (store.get_card(store.chat(1).card_hash) or "")
    assert ["stars" in text for text in prompts] == [True, False, False]
    assert ["comets" in text for text in prompts] == [False, True, True]


def test_a_sampler_in_a_saved_card_does_not_override_a_flag(
    spawn: Spawn, card: Path, home: Path
) -> None:
    chat = spawn("chat", str(card), "--plain", "--temperature", "0.25")
    assert chat.stdin is not None
    chat.stdin.write("Hello\n")
    chat.stdin.flush()
    read_until(chat, "Ada: *looks")
    card.write_text(GOOD + "[sampling]\ntemperature = 1.5\ntop_k = 7\n", encoding="utf-8")
    chat.communicate("And now?\n", timeout=60)
    with Store(home / "rpterm.db") as store:
        last = store.generation(store.chat(1).leaf_id or 0)
    assert last is not None
    assert (last.sampling.temperature, last.sampling.top_k) == (0.25, 7)
