"""``cards import`` and ``export``, ``chats import``, ``rpterm import`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_tools import Cli

from rpterm.cards.format.reader import load
from rpterm.store import Store

V2 = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {
        "name": "Mara", "description": "Keeps a light.", "personality": "", "scenario": "",
        "first_mes": "Hm.", "mes_example": "", "creator_notes": "", "system_prompt": "",
        "post_history_instructions": "", "alternate_greetings": ["You."], "tags": [],
        "creator": "", "character_version": "", "extensions": {"other": {"kept": [1, None]}},
        "unknown": "kept",
    },
}  # fmt: skip
LOG = (
    '{"user_name": "Ann", "character_name": "Mara", "create_date": "", "chat_metadata": {}}\n'
    '{"name": "Mara", "is_user": false, "mes": "Hm.", "swipes": ["Hm.", "You."], "swipe_id": 0}\n'
    '{"name": "Ann", "is_user": true, "mes": "Hello"}\n'
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    root = tmp_path / "old"
    root.mkdir()
    (root / "mara.json").write_text(json.dumps(V2), encoding="utf-8")
    (root / "talk.jsonl").write_text(LOG, encoding="utf-8")
    return root


def test_a_card_survives_import_and_export(cli: Cli, old: Path, home: Path) -> None:
    done = cli("cards", "import", str(old / "mara.json"))
    assert done.code == 0 and "mara.toml" in done.out and "1 of 1 file imported" in done.out
    assert load(home / "characters" / "mara.toml").greetings == ("Hm.", "You.")
    out = old / "out.json"
    assert cli("cards", "export", "mara", str(out), "--format", "v2").code == 0
    assert json.loads(out.read_text(encoding="utf-8")) == V2


def test_an_import_neither_repeats_nor_overwrites_a_card(
    cli: Cli, old: Path, tmp_path: Path
) -> None:
    to, file = tmp_path / "to", str(old / "mara.json")
    for folder in (tmp_path / "elsewhere", to):
        assert "1 of 1 file imported" in cli("cards", "import", file, "--to", str(folder)).out
    again = cli("cards", "import", file, "--to", str(to))
    assert again.code == 0 and "already imported as mara.toml" in again.out
    assert [path.name for path in to.iterdir()] == ["mara.toml"]
    (old / "mara.json").write_text(json.dumps({**V2, "creator": "me"}), encoding="utf-8")
    changed = cli("cards", "import", file, "--to", str(to))
    assert "mara.toml is another card of this name. Compare: rpterm cards diff" in changed.out
    assert sorted(path.name for path in to.iterdir()) == ["mara-2.toml", "mara.toml"]
    out = old / "x.png"
    assert cli("cards", "export", str(to / "mara.toml"), str(out)).code == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    again = cli("cards", "export", str(to / "mara.toml"), str(out))
    assert again.code == 1 and "already exists" in again.err


@pytest.mark.parametrize("form", ["v1", "v2", "v3", "png", "charx"])
def test_every_export_format_can_be_imported(cli: Cli, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"sherlock.{form}"
    done = cli("cards", "export", "sherlock", str(out), "-f", form)
    assert done.code == 0, done.err
    to = tmp_path / "back"
    assert cli("cards", "import", str(out), "--to", str(to)).code == 0
    assert load(to / "sherlock-holmes.toml").name == "Sherlock Holmes"


def test_a_card_of_rpterm_needs_no_import(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "Mara"\n', encoding="utf-8")
    done = cli("import", str(tmp_path / "mine.toml"))
    assert done.code == 1
    assert f"needs no import: `rpterm chat {tmp_path / 'mine.toml'}`" in done.out


def test_failed_imports_and_exports_are_reported(cli: Cli, old: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\xff" * 40)
    done = cli("cards", "import", str(bad), str(old / "mara.json"), "--to", str(tmp_path / "to"))
    assert done.code == 1 and f"failed  {bad}" in done.out and "1 of 2 files" in done.out
    assert cli("cards", "import", str(tmp_path / "gone.png")).code == 1
    assert "Choose a format" in cli("cards", "export", "sherlock", str(tmp_path / "x.abc")).err
    assert "There is no format 'v9'" in cli("cards", "export", "sherlock", "x", "-f", "v9").err
    assert "no lorebook" in cli("cards", "export", str(_bare(tmp_path)), "x", "-f", "world").err


def test_what_is_no_card_in_a_folder_is_only_counted(cli: Cli, old: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "mara.json").write_bytes((old / "mara.json").read_bytes())
    (tmp_path / "in" / "dark.json").write_text('{"main_text_color": "x"}', encoding="utf-8")
    done = cli("cards", "import", str(tmp_path / "in"), "--to", str(tmp_path / "to"))
    assert done.code == 0 and "1 of 1 file imported" in done.out
    assert "Not imported: 1 theme." in done.out and "failed" not in done.out


def _bare(folder: Path) -> Path:
    path = folder / "bare.toml"
    path.write_text('name = "Bare"\n', encoding="utf-8")
    return path


def test_imported_chats_have_their_swipes_and_can_be_continued(
    cli: Cli, old: Path, home: Path
) -> None:
    assert cli("cards", "import", str(old / "mara.json")).code == 0
    done = cli("chats", "import", str(old / "talk.jsonl"))
    assert done.code == 0 and "chat 1 with Mara, 2 turns, 1 more version\n" in done.out
    assert "Hello" in cli("chats", "show", "1").out
    assert "already imported as chat 1" in cli("chats", "import", str(old)).out
    assert cli("chat", "mara", "--once", "And then?").code == 0
    with Store(home / "rpterm.db") as store:
        (chat,) = store.chats()
        assert chat.turn_count == 5
        assert store.path(chat.leaf_id or 0)[0].swipes == 2
    log = cli("chats", "export", "1", "--format", "log").out.splitlines()
    assert json.loads(log[0])["character_name"] == "Mara"
    assert [json.loads(line)["mes"] for line in log[1:3]] == ["Hm.", "Hello"]
    assert json.loads(log[1])["swipes"] == ["Hm.", "You."]


def test_the_character_of_imported_chats_can_be_named(cli: Cli, old: Path, home: Path) -> None:
    done = cli("chats", "import", str(old / "talk.jsonl"), "--card", "sherlock")
    assert done.code == 0 and "with Sherlock Holmes" in done.out
    (old / "noise.jsonl").write_bytes(b"\xff\xfe\x00")
    done = cli("chats", "import", str(old / "noise.jsonl"))
    assert done.code == 1 and "failed" in done.out and "0 of 1" in done.out
    assert cli("chats", "import", str(old / "gone.jsonl")).code == 1


def test_import_takes_cards_worlds_and_chats_and_can_be_repeated(
    cli: Cli, old: Path, home: Path
) -> None:
    done = cli("import", str(old))
    assert done.code == 0, done.err
    assert "1 of 1 card or" in done.out and "1 of 1 chat imported." in done.out
    again = cli("import", str(old))
    assert again.code == 0 and "already imported as mara.toml" in again.out
    assert (
        "0 of 1 card or lorebook imported" in again.out and "1 was already imported." in again.out
    )
    assert [path.name for path in (home / "characters").iterdir()] == ["mara.toml"]
    empty = old / "empty"
    empty.mkdir()
    assert cli("import", str(empty)).code == 1


def test_what_many_files_lose_is_said_once(cli: Cli, tmp_path: Path) -> None:
    for name in ("Ann", "Bo", "Cy"):
        data = {"name": name, "extensions": {"regex_scripts": [{"findRegex": "/x/"}]}}
        card = {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}
        (tmp_path / f"{name}.json").write_text(json.dumps(card), encoding="utf-8")
    done = cli("import", str(tmp_path))
    assert "3 files: 1 script of the other program kept for export only." in done.out
    assert done.out.count("kept for export only") == 1


def test_personas_alone_and_what_stays_behind(cli: Cli, tmp_path: Path) -> None:
    settings = {"personas": {"a": "Ann"}, "persona_descriptions": {"a": {"description": "Tall."}}}
    path = tmp_path / "old" / "personas.json"
    path.parent.mkdir()
    path.write_text(json.dumps(settings), encoding="utf-8")
    (path.parent / "qr.json").write_text('{"qrList": []}', encoding="utf-8")
    done = cli("import", str(path.parent))
    assert done.code == 0 and "1 persona added: Ann." in done.out
    assert "Not imported: 1 set of quick replies." in done.out
