"""The commands chats, cards, models, config, backup, doctor and replay."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Cli

from rpterm.chat.replay import replay, request_of
from rpterm.cli import doctor_checks, models
from rpterm.engine.scripted import ScriptedEngine
from rpterm.errors import RptermError
from rpterm.models import hashes
from rpterm.models.engine_factory import SCRIPTED_REPLIES
from rpterm.store import Store
from rpterm.types import Generation, Sampling


@pytest.fixture
def chat(cli: Cli) -> int:
    """One chat with two replies to "Hello, Watson"; the second one is shown."""
    done = cli("chat", "sherlock", stdin="Hello, Watson\n/regenerate\n")
    assert done.code == 0, done.err
    return 1


@pytest.mark.parametrize(
    ("command", "count"),
    [
        ("chats list", len),
        ("chats search pearl", len),
        ("memory list sherlock", len),
        ("memory list sherlock --files", len),
        ("memory search sherlock pearl", len),
        ("memory stats sherlock", lambda answer: answer["turn"]),
        ("stats", lambda answer: answer["chats"]),
    ],
)
def test_programs_get_an_empty_answer_before_the_first_chat(
    cli: Cli, home: Path, command: str, count: Callable[[Any], int]
) -> None:
    done = cli(*command.split(), "--json")
    assert (done.code, done.err) == (0, "")
    assert count(json.loads(done.out)) == 0
    assert not (home / "rpterm.db").exists()


def test_whatever_was_changed_is_said_beside_the_output(cli: Cli, chat: int) -> None:
    added = cli("memory", "add", "sherlock", "He likes tea.").out.strip()
    assert added.isdecimal()
    for command, words in {
        "memory edit 1 foo": "Memory 1 is changed",
        f"memory pin 1 {added}": "2 memories are pinned; --undo",
        "memory pin 1 --undo": "1 memory is no longer pinned.",
        "memory block sherlock pearls": "Sherlock Holmes recalls nothing about 'pearls'",
        "memory forget 1 --yes": "1 memory forgotten.",
        "config set temperature 1.5": "temperature is now 1.5.",
        "config unset temperature": "temperature has its default again.",
        "chats rename 1 Pearls": "Chat 1 is now called 'Pearls'.",
        "export allow 1": "Chat 1 can be exported: `rpterm export OUT`",
        "export deny 1": "Chat 1 will not be exported.",
        "chats delete 1 --yes": "Chat 1 is deleted.",
    }.items():
        done = cli(*command.split())
        assert (done.code, done.out) == (0, "")
        assert done.err.startswith(words) and done.err.count("\n") == 1


def test_a_wrong_number_gives_a_chat_to_no_other_character(cli: Cli, chat: int) -> None:
    done = cli("chat", "keeper", "--chat", str(chat), "--once", "hi")
    assert (done.code, done.out) == (1, "")
    assert "Chat 1 is with Sherlock Holmes, not with The Keeper of Skarv Light" in done.err
    assert cli("chat", "sherlock", "--chat", str(chat), "--once", "hi").code == 0


def test_chats_are_found_by_the_short_name_of_their_card(cli: Cli, chat: int) -> None:
    for name in ("sherlock", "Sherlock Holmes", "sherlock holmes"):
        (listed,) = json.loads(cli("chats", "list", "--card", name, "--json").out)
        assert listed["id"] == chat
        assert json.loads(cli("chats", "search", "Watson", "--card", name, "--json").out)
    assert "Did you mean sherlock" in cli("chats", "list", "--card", "sherlok").err
    assert cli("chats", "rename", str(chat), " ").err == "Chat 1 has no title now.\n"
    assert "needs some text" in cli("memory", "add", "sherlock", "").err


def test_an_empty_list_says_that_it_is_empty(cli: Cli, chat: int) -> None:
    done = cli("memory", "list", "keeper")
    assert done.code == 0 and done.err == "(This list is empty.)\n"


def test_nobody_is_asked_about_a_memory_that_does_not_exist(cli: Cli, chat: int) -> None:
    done = cli("memory", "forget", "99")
    assert done.code == 1 and "Forget" not in done.out
    assert "There is no memory 99" in done.err


def test_chats_are_listed_searched_and_shown(cli: Cli, chat: int) -> None:
    listed = cli("chats")
    assert listed.out.splitlines()[0].split() == [
        "id", "updated", "character", "turns", "exportable", "title",
    ]  # fmt: skip
    assert "Sherlock Holmes" in listed.out
    assert listed.out.splitlines()[1].endswith("Hello, Watson")
    assert json.loads(cli("chats", "list", "--json").out)[0]["id"] == chat
    found = cli("chats", "search", "watson")
    assert "Hello, [Watson]" in found.out
    assert cli("chats", "search", "zeppelin").code == 1
    shown = cli("chats", "show", "1", "--ids")
    assert "Hello, Watson" in shown.out
    assert SCRIPTED_REPLIES[1] in shown.out
    assert SCRIPTED_REPLIES[0] not in shown.out


def test_chats_on_a_read_only_disk_can_be_read(
    cli: Cli, chat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rpterm.store.database.file_setup.is_read_only", lambda _path: True)
    assert "Hello, Watson" in cli("chats", "list").out
    assert "Hello, Watson" in cli("chats", "show", str(chat)).out
    assert cli("memory", "search", "sherlock", "Watson").code == 0
    refused = cli("chats", "rename", str(chat), "Fog")
    assert refused.code == 1 and "cannot be written" in refused.err


def test_a_chat_is_renamed_and_deleted(cli: Cli, chat: int, home: Path) -> None:
    assert cli("chats", "rename", "1", "Fog").code == 0
    assert cli("chats", "rename", "1", "  ").code == 0
    assert "Hello, Watson" in cli("chats").out  # No blank title: what was said first stands there.
    assert cli("chats", "rename", "1", " Fog ").code == 0
    assert "Fog" in cli("chats").out
    assert cli("chats", "delete", "1", stdin="n\n").code == 1
    assert "Fog" in cli("chats").out
    assert cli("chats", "delete", "1", stdin="y\n").code == 0
    assert "Fog" not in cli("chats").out
    assert cli("chats", "delete", "1", "--yes").code == 1


def test_a_markdown_export_has_the_shown_branch(cli: Cli, chat: int, tmp_path: Path) -> None:
    path = tmp_path / "chat.md"
    assert cli("chats", "export", "1", "-o", str(path)).code == 0
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Chat with Sherlock Holmes\n")
    assert "**Ashby:**\n\nHello, Watson" in text
    assert SCRIPTED_REPLIES[0] not in text
    for name in ("--to", "--output"):  # the older name of the same
        assert cli("chats", "export", "1", f"{name}={path}{name}").code == 0
        assert cli("chats", "export", "1", name, f"{path}{name}", "--force").code == 0
        assert Path(f"{path}{name}").read_bytes() == path.read_bytes()
    assert "--output" not in cli("chats", "export", "--help").out
    refused = cli("chats", "export", "1", "-o", str(path))
    assert (refused.code, path.read_text(encoding="utf-8")) == (1, text)
    assert cli("chats", "export", "1", "-o", str(path), "--force").code == 0


def test_a_jsonl_export_has_every_turn(cli: Cli, chat: int) -> None:
    rows = [
        json.loads(line) for line in cli("chats", "export", "1", "-f", "jsonl").out.splitlines()
    ]
    assert rows[0]["type"] == "chat"
    replies = [row for row in rows if row.get("origin") == "generated"]
    assert [row["text"] for row in replies] == list(SCRIPTED_REPLIES[:2])
    assert rows[0]["leaf_id"] == replies[1]["id"]
    assert all(row["generation"]["prompt_ids"] for row in replies)
    assert cli("chats", "export", "1", "-f", "docx").code == 2


def test_a_backup_is_a_database_and_never_overwrites(cli: Cli, chat: int, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    assert cli("backup", str(path)).code == 0
    with sqlite3.connect(path) as copy:
        assert copy.execute("SELECT count(*) FROM chats").fetchone() == (1,)
    before = path.read_bytes()
    assert cli("backup", str(path)).code == 1
    assert path.read_bytes() == before


def test_cards_are_listed_shown_and_found_with_the_users_first(cli: Cli, home: Path) -> None:
    listed = cli("cards")
    assert "sherlock" in listed.out
    shown = cli("cards", "show", "sherlock")
    assert 'name = "Sherlock Holmes"' in shown.out
    own = home / "characters"
    own.mkdir(parents=True)
    (own / "sherlock.toml").write_text('name = "Mine"\ngreetings = ["Hi"]\n', encoding="utf-8")
    assert cli("cards", "path", "sherlock").out.strip() == str(own / "sherlock.toml")
    assert cli("cards", "path").out.splitlines()[0] == str(own)
    rows = json.loads(cli("cards", "list", "--json").out)
    assert {row["key"]: row["name"] for row in rows}["sherlock"] == "Mine"


def test_lint_fails_on_a_broken_card_only(cli: Cli, tmp_path: Path) -> None:
    assert cli("cards", "lint", "sherlock").code == 0
    bad = tmp_path / "bad.toml"
    bad.write_text("name = 3\n", encoding="utf-8")
    done = cli("cards", "lint", str(bad))
    assert done.code == 1
    assert f"{bad}:1" in done.out


def test_the_schema_is_the_published_one(cli: Cli) -> None:
    from rpterm.cards.format import schema

    assert cli("cards", "schema").out == schema.PUBLISHED.read_text(encoding="utf-8")
    assert cli("cards", "schema", "--path").out.strip() == str(schema.PUBLISHED)


def test_models_lists_the_starter_and_prints_its_properties(cli: Cli, home: Path) -> None:
    assert "starter" in cli("models").out
    assert cli("models", "path").out.strip() == str(home / "models")
    facts = json.loads(cli("models", "info", "--json").out)
    assert facts["architecture"] == "llama"
    assert facts["starter"] is True


def test_a_fingerprint_is_not_called_a_sha256(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = json.loads(cli("models", "info", "--json").out)
    assert facts["fingerprint"] == facts["sha256"]
    monkeypatch.setattr(hashes, "MAX_FULL_HASH", 0)
    large = json.loads(cli("models", "info", "--json").out)
    assert large["fingerprint"].startswith("fp1-") and large["sha256"] == facts["sha256"]


def test_a_download_logs_every_tenth_of_each_stage(capsys: pytest.CaptureFixture[str]) -> None:
    with models._shown_progress() as show:
        for stage, done in (("download", 900), ("download", 905), ("download", 1000), ("check", 0)):
            show(stage, done, 1000)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "download 90 %",
        "download 100 %",
        "check 0 %",
    ]


def test_a_download_shows_a_bar_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with models._shown_progress() as show:
        show("download", 900_000, 1_000_000)
        show("check", 1_000_000, 1_000_000)
    shown = capsys.readouterr().err
    assert "download" in shown and "check" in shown and "1.0/1.0 MB" in shown


def test_settings_are_set_shown_and_unset(cli: Cli, home: Path) -> None:
    assert cli("config", "set", "gpu_layers", "-1").code == 0
    assert cli("config", "set", "temperature", "0.25").code == 0
    assert "sampling.temperature = 0.25  # changed" in cli("config", "show").out
    assert json.loads(cli("config", "show", "--json").out)["sampling.temperature"] == 0.25
    assert cli("config", "path").out.strip() == str(home / "config.toml")
    assert cli("config", "unset", "temperature").code == 0
    assert "changed" not in cli("config", "show").out.replace('engine = "scripted"  # changed', "")


# doctor ----------------------------------------------------------------------------------------


def test_doctor_finds_nothing_wrong_in_a_healthy_home(cli: Cli, chat: int) -> None:
    checks = json.loads(cli("doctor", "--json").out)
    verdicts = {check["name"]: check["verdict"] for check in checks}
    assert set(verdicts) >= {"python", "settings", "llama.cpp", "starter model", "embedder",
                             "model", "threads", "memory", "disk", "database", "cards",
                             "terminal"}  # fmt: skip
    for name in ("settings", "starter model", "embedder", "database", "cards"):
        assert verdicts[name] == "ok"


def test_doctor_finds_what_is_broken(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "characters").mkdir(parents=True)
    (home / "characters" / "bad.toml").write_text("name = 3", encoding="utf-8")
    (home / "config.toml").write_text("thme = 1", encoding="utf-8")
    (home / "rpterm.db").write_bytes(b"no database" * 999)
    monkeypatch.setattr(doctor_checks, "_library", lambda: doctor_checks.Finding("ok", ""))
    done = cli("doctor", "--json")
    assert done.code == 1
    broken = {check["name"] for check in json.loads(done.out) if check["verdict"] == "broken"}
    assert broken == {"settings", "database", "cards"}


def test_a_failing_check_is_reported_and_hides_no_other(
    cli: Cli, chat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise PermissionError("no")

    closed: list[Store] = []
    monkeypatch.setattr(doctor_checks, "_disk", fails)
    monkeypatch.setattr(doctor_checks, "_library", lambda: doctor_checks.Finding("ok", ""))
    monkeypatch.setattr(Store, "chats", fails)
    monkeypatch.setattr(
        Store, "close", lambda store, close=Store.close: closed.append(close(store))
    )
    checks = json.loads(cli("doctor", "--json").out)
    broken = {each["name"]: each["detail"] for each in checks if each["verdict"] == "broken"}
    assert set(broken) == {"disk", "database"} and "PermissionError: no" in broken["disk"]
    assert closed and len(checks) == 13


def test_doctor_repairs_a_damaged_database(cli: Cli, chat: int, home: Path) -> None:
    path = home / "rpterm.db"
    content = bytearray(path.read_bytes())
    page = int.from_bytes(content[16:18], "big")
    damaged = "SELECT rootpage FROM sqlite_master WHERE name IN ('turns_by_parent', 'memories')"
    with closing(sqlite3.connect(path)) as database:
        roots = [row[0] for row in database.execute(damaged)]
    for number in (root - 1 for root in roots):
        content[number * page : number * page + 64] = b"\xff" * 64
    path.write_bytes(bytes(content))
    assert "doctor --repair" in cli("chats").err
    done = cli("doctor", "--repair")
    assert "Repaired; the damaged file is kept as " in done.out
    kept = Path(done.out.splitlines()[0].split(" kept as ")[1].rstrip("."))
    assert kept.read_bytes() == bytes(content)
    assert cli("chats").code == 0


def test_doctor_repairs_neither_a_healthy_nor_a_newer_database(
    cli: Cli, chat: int, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_checks, "run_checks", lambda *_: {})
    done = cli("doctor", "--repair")
    assert done.code == 0 and "nothing to repair" in done.out
    with closing(sqlite3.connect(home / "rpterm.db", isolation_level=None)) as newer:
        newer.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('rpterm-memory', 'm099_future', '')"
        )
    for command in (["doctor", "--repair"], ["memory", "list", "sherlock"], ["stats"]):
        done = cli(*command)
        assert done.code == 1 and "written by a newer rpterm" in done.err
    assert not list(home.glob("*damaged*"))


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ("0.3.36 False CPU : SSE3 = 1 | AVX2 = 1 | OPENMP = 1 | ", "ok"),
        ("0.3.36 False CPU : SSE3 = 1 | AVX = 1 | OPENMP = 1 | ", "slow"),
        ("0.3.36 False CPU : NEON = 1 | OPENMP = 0 | ", "slow"),
        ("0.3.36 True CUDA : ARCHS = 900 | CPU : SSE3 = 1 | OPENMP = 1 | ", "ok"),
    ],
)
def test_doctor_judges_the_llama_cpp_build(
    told: str, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_checks, "_has_gpu", lambda: False)
    monkeypatch.setattr("sys.platform", "linux")
    assert doctor_checks.judge_build(told, "again").verdict == verdict


def test_a_gpu_that_the_build_cannot_use_is_reported_as_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor_checks, "_has_gpu", lambda: True)
    told = "0.3.36 False CPU : AVX2 = 1 | OPENMP = 1 | "
    assert doctor_checks.judge_build(told, "again").verdict == "slow"


# replay ----------------------------------------------------------------------------------------


def stored(home: Path) -> tuple[int, Generation]:
    with Store(home / "rpterm.db") as store:
        leaf = store.chat(1).leaf_id
        assert leaf is not None
        first = store.siblings(leaf)[0]
        generation = store.generation(first.id)
    assert generation is not None
    return first.id, generation


def test_replay_reproduces_a_reply(cli: Cli, chat: int, home: Path) -> None:
    number, generation = stored(home)
    done = cli("replay", str(number))
    assert (done.code, done.err) == (0, "")
    assert done.out == f"Identical: all {len(generation.reply_ids)} tokens.\n"


def test_replay_says_where_a_reply_differs(cli: Cli, chat: int, home: Path) -> None:
    done = cli("replay", str(stored(home)[0] + 1))
    assert done.code == 1
    assert done.out.startswith("Different after ")
    assert f"now:    {SCRIPTED_REPLIES[0][:10]}" in done.out


def test_a_turn_that_was_not_generated_cannot_be_replayed(cli: Cli, chat: int) -> None:
    assert "not generated by a model" in cli("replay", "1").err
    assert cli("replay", "999").code == 1


def test_replay_reports_another_model_or_adapter(home: Path, chat: int) -> None:
    _, generation = stored(home)
    done = replay(replace(generation, model_hash="other"), ScriptedEngine(SCRIPTED_REPLIES))
    assert done.identical
    assert done.model_differs is not None
    assert done.model_differs[0] == "other"
    done = replay(replace(generation, adapter_hash="mine"), ScriptedEngine(SCRIPTED_REPLIES))
    assert done.adapter_differs == ("mine", "") and done.model_differs is None


def test_replay_reports_a_missing_adapter(cli: Cli, chat: int, home: Path) -> None:
    number, _ = stored(home)
    with Store(home / "rpterm.db") as store, store.connections.write() as connection:
        connection.execute("UPDATE generations SET adapter_hash = 'mine'")
    done = cli("replay", str(number))
    assert "The adapter mine generated the reply, but now none is set: name its file" in done.out


def test_a_stopped_reply_is_replayed_up_to_its_end(home: Path, chat: int) -> None:
    _, generation = stored(home)
    cut = replace(generation, reply_ids=generation.reply_ids[:5], stop_reason="cancelled")
    assert request_of(cut).sampling.max_tokens == 5
    assert replay(cut, ScriptedEngine(SCRIPTED_REPLIES)).identical


def test_a_remote_reply_cannot_be_replayed() -> None:
    remote = Generation("remote", "gpt", "gpt", Sampling(seed=1))
    with pytest.raises(RptermError, match="another machine"):
        replay(remote, ScriptedEngine(["x"]))


@pytest.mark.parametrize(
    "line",
    [
        ("chats", "export", "1", "-f", "doc"),
        ("cards", "export", "sherlock", "x", "-f", "v9"),
        ("export", "out", "--format", "doc"),
        ("export", "out", "--sources", "duel,dreams"),
        ("export", "out", "--greeting", "sing"),
        ("review", "--show", "dreams"),
        ("eval", "sherlock", "--kinds", "dreams"),
        ("memory", "list", "sherlock", "--kind", "dream"),
        ("chat", "sherlock", "--with", "tola", "--turns", "dice"),
        ("chat", "sherlock", "--engine", "steam"),
        ("chat", "sherlock", "--temperature", "-3"),
        ("bench", "sauna"),
        ("help", "cooking"),
    ],
)
def test_an_unknown_choice_exits_with_2(cli: Cli, chat: int, line: tuple[str, ...]) -> None:
    done = cli(*line)
    assert done.code == 2, done.err
    assert done.err.startswith("rpterm: ") and done.out == ""


def test_an_invalid_settings_file_exits_with_1(cli: Cli, home: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text('engine = "steam"\n', encoding="utf-8")
    assert cli("chat", "sherlock", "--temperature", "-3").code == 1


def test_a_backup_names_the_folder_it_created(cli: Cli, chat: int, tmp_path: Path) -> None:
    told = cli("backup", str(tmp_path / "a" / "b" / "c.db")).out
    assert f"The folder {tmp_path / 'a' / 'b'} was created." in told
    assert "was created" not in cli("backup", str(tmp_path / "a" / "b" / "d.db")).out


def test_summaries_use_singular_and_plural(cli: Cli, chat: int, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    assert cli("chats", "import", str(tmp_path / "none")).out == "There was no chat to import.\n"
    log = tmp_path / "log.jsonl"
    cli("chats", "export", "1", "-f", "log", "-o", str(log))
    assert "1 of 1 chat imported." in cli("chats", "import", str(log), "--card", "sherlock").out
    again = cli("chats", "import", str(log), "--card", "sherlock").out
    assert "0 of 1 chat imported, 1 was already imported." in again
