"""Ratings leave by the command line, only from chats that were marked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_tools import Cli
from typer.main import get_command

from rpterm.cli.export import app
from rpterm.preference.formats import OFFERED
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


def test_only_allowed_chats_are_exported(cli: Cli, rated: int, tmp_path: Path) -> None:
    done = cli("export", str(tmp_path / "out"))
    assert done.code != 0 and "not marked as exportable" in done.err
    assert "99" in cli("export", "allow", str(rated), "99").err
    assert cli("export", str(tmp_path / "out")).code != 0
    assert cli("export", "allow", str(rated)).code == 0
    done = cli("export", str(tmp_path / "out"), "--split", "0")
    assert done.code == 0 and "train: 1 row\n" in done.out
    row = json.loads((tmp_path / "out" / "data" / "train.jsonl").read_text())
    assert row["prompt"][0]["role"] == "system" and "A doctor." in row["prompt"][0]["content"]
    assert row["chosen"][0]["content"] == "Good day."
    cli("export", "deny", str(rated))
    assert cli("export", str(tmp_path / "out")).code != 0
    assert (tmp_path / "out" / "data" / "train.jsonl").exists()


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--format", "xml"), ("--sources", "gossip"), ("--greeting", "shout"), ("--region", "UK")],
)
def test_an_unknown_value_of_an_export_option_lists_the_known_ones(
    cli: Cli, rated: int, tmp_path: Path, flag: str, value: str
) -> None:
    done = cli("export", str(tmp_path / "out"), flag, value)
    assert done.code != 0 and value in done.err
    assert "there are" in done.err or "did you mean GB?" in done.err


def test_options_may_precede_the_folder_and_format_names_are_normalized(
    cli: Cli, rated: int, tmp_path: Path
) -> None:
    cli("export", "allow", str(rated))
    out = tmp_path / "out"
    assert cli("export", "--format", "LLaMA-Factory", "--split", "0", str(out)).code == 0
    assert (out / "dataset_info.json").exists()
    offered = f"{', '.join(OFFERED[:-1])} or {OFFERED[-1]}"
    helped = [each.help or "" for each in get_command(app).commands["write"].params]  # type: ignore[attr-defined]
    assert any(offered in each for each in helped)
    assert ", ".join(OFFERED) in cli("export", str(out), "--format", "xml").err
    done = cli("export", "--help")
    assert done.code == 0 and "check" in done.out and "rpterm export OUT" in done.out
    assert "--max-tokens" in cli("export", str(out), "--help").out


def test_what_an_export_lacks_is_printed(cli: Cli, rated: int, tmp_path: Path) -> None:
    cli("export", "allow", str(rated))
    from rpterm.paths import find

    with Store(find().database) as store:
        user = store.tree(rated)[0]
        one, other = (
            store.add_turn(rated, user.id, "assistant", "W", text, origin=Origin.GENERATED).id
            for text in ("Perhaps.", "Maybe.")
        )
        Judgements(store).compare(one, other, "tie")
        Judgements(store).kept_swipe(one, [other])
    done = cli("export", str(tmp_path / "out"), "--split", "0.5")
    assert (
        "source is not wanted (`--sources duel,edit,stars,thumbs,swipe,flag` includes swipe as"
        in done.out
    )
    assert "test: none, because one chat is never divided" in done.out
    assert "ties that this format does not use: 1" in done.out


def test_check_counts_tokens_with_the_model_and_fails_only_with_strict(
    cli: Cli, rated: int, tmp_path: Path
) -> None:
    cli("export", "allow", str(rated))
    cli("export", str(tmp_path / "out"), "--split", "0")
    done = cli("export", "check", str(tmp_path / "out"), "--json", "--model", "starter")
    told = json.loads(done.out)
    assert done.code == 0 and told["exact_tokens"] and told["rows"] == 1
    assert told["trainers"][0] | {"fates": 0} == {
        "trainer": "TRL DPOTrainer", "setting": "max_length", "limit": 1024, "fates": 0,
        "drops": [], "empties": [],
    }  # fmt: skip
    short = ("export", "check", str(tmp_path / "out"), "--max-tokens", "8")
    assert cli(*short).code == 0
    done = cli(*short, "--strict")
    assert done.code == 1 and "drops 1 row (max_length 8; the" in done.out


def test_strict_keeps_the_old_export_if_the_new_one_has_faults(
    cli: Cli, rated: int, tmp_path: Path
) -> None:
    cli("export", "allow", str(rated))
    out = tmp_path / "out"
    assert cli("export", str(out), "--split", "0", "--strict").code == 0
    before = (out / "data" / "train.jsonl").read_bytes()
    from rpterm.paths import find

    with Store(find().database) as store:
        user = store.tree(rated)[0]
        judge = Judgements(store)
        for text in ("Write to watson@example.org.", "No."):
            reply = store.add_turn(
                rated, user.id, "assistant", "W", text, origin=Origin.GENERATED
            ).id
            judge.thumb(reply, True)
    done = cli("export", str(out), "--split", "0", "--strict", "--no-scrub", "--format", "kto")
    assert done.code == 1 and "looks like a mail" in done.err
    assert (out / "data" / "train.jsonl").read_bytes() == before
    assert not list(tmp_path.glob(".out*"))


def test_a_check_without_one_readable_row_fails(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"foo": 1}\nnot JSON\n')
    done = cli("export", "check", str(file))
    assert done.code == 1 and "2 rows cannot be read" in done.out
