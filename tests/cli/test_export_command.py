"""Ratings leave by the command line, only from chats that were marked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_tools import Cli

from rpterm.store import Store
from rpterm.store.judgements import Judgements
from rpterm.types import Origin


@pytest.fixture
def rated(home: Path) -> int:
    """A chat with one duel."""
    from rpterm.paths import find

    with Store(find().database) as store:
        card = store.put_card("Watson", 'name = "Watson"\ndescription = "A doctor."\n')
        chat = store.create_chat(card_name="Watson", card_hash=card)
        turn = store.add_turn(chat.id, None, "user", "User", "Hello.", origin=Origin.TYPED)
        left, right = (
            store.add_turn(chat.id, turn.id, "assistant", "W", text, origin=Origin.GENERATED).id
            for text in ("Good day.", "Go away.")
        )
        Judgements(store).compare(left, right, "left")
        return chat.id


def test_nothing_leaves_before_it_is_allowed(cli: Cli, rated: int, tmp_path: Path) -> None:
    done = cli("export", str(tmp_path / "out"))
    assert done.code != 0 and "not marked as exportable" in done.err
    assert cli("export", "allow", str(rated)).code == 0
    done = cli("export", str(tmp_path / "out"), "--split", "0")
    assert done.code == 0 and "train: 1 rows" in done.out
    row = json.loads((tmp_path / "out" / "data" / "train.jsonl").read_text())
    assert row["prompt"][0]["role"] == "system" and "A doctor." in row["prompt"][0]["content"]
    assert row["chosen"][0]["content"] == "Good day."
    cli("export", "deny", str(rated))
    assert cli("export", str(tmp_path / "out")).code != 0
    assert (tmp_path / "out" / "data" / "train.jsonl").exists()


@pytest.mark.parametrize(
    ("flag", "value"), [("--format", "xml"), ("--sources", "gossip"), ("--greeting", "shout")]
)
def test_a_wrong_name_is_told_with_those_there_are(
    cli: Cli, rated: int, tmp_path: Path, flag: str, value: str
) -> None:
    done = cli("export", str(tmp_path / "out"), flag, value)
    assert done.code != 0 and value in done.err and "there are" in done.err
