"""Errors are one sentence on standard error, with nothing on standard output."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cli_tools import Cli, Done

from rpterm.cli import guard
from rpterm.models import starter


def test_a_long_line_is_truncated_to_the_width() -> None:
    from rpterm.cli import out

    long = "漢字 and words, " * 20_000
    assert out.display_width(out._cut(long, 40)) <= 40 and out._cut("short", 40) == "short"


def test_columns_are_aligned_after_emoji_of_several_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from rpterm.cli import out

    cells = ["👩\u200d🚀", "❤\ufe0f", "漢", "no"]
    out.table(("", ""), [(cell, "x") for cell in cells])
    assert capsys.readouterr().out.splitlines()[1:] == [f"{cell}  x" for cell in cells]
    assert out._cut("👩\u200d🚀👩\u200d🚀👩\u200d🚀", 4) == "👩\u200d🚀…"


def one_sentence(done: Done, home: Path, *words: str, code: int = 1) -> None:
    assert done.code == code, done
    assert done.out == ""
    lines = done.err.splitlines()
    assert len(lines) == 1, done.err
    assert lines[0].startswith("rpterm: ")
    assert "Traceback" not in done.err
    assert "bug in rpterm" not in done.err
    for word in words:
        assert word in done.err
    assert not list(home.glob("logs/crash*"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chat", "sherlok"], ["sherlok", "sherlock"]),
        (["chat", "./none.toml"], ["none.toml"]),
        (["chat"], ["Name a character"]),
        (["memory", "add", "..", "--to", "sherlock"], ["is a folder"]),
        (["memory", "import", "sherlock", ".."], ["..", "Is a directory"]),
        (["chat", "sherlock", "--chat", "99"], ["99"]),
        (["chat", "--chat", "99"], ["99"]),
        (["chat", "sherlock", "--greeting", "99"], ["99"]),
        (["chat", "sherlock", "--once", ""], ["empty"]),
        (["chat", "sherlock", "--once", " \n "], ["empty"]),
        (["chats"], ["no chats yet"]),
        (["chats", "show", "1"], ["no chats yet"]),
        (["cards", "show", "nobody"], ["nobody"]),
        (["models", "info", "nothing"], ["nothing"]),
        (["models", "pull", "not-a-model"], ["not-a-model"]),
        (["config", "set", "thme", "x"], ["theme"]),
        (["config", "set", "context", "-5"], ["context"]),
        (["config", "set", "keys.sned", "f1"], ["sned", "send"]),
        (["config", "unset", "thme"], ["theme"]),
        (["replay", "1"], ["no chats yet"]),
        (["backup", "copy.db"], ["no chats yet"]),
        (["doctor", "--repair"], ["no database"]),
    ],
)
def test_an_impossible_request_is_one_sentence_and_exit_code_1(
    cli: Cli, home: Path, arguments: list[str], words: list[str]
) -> None:
    one_sentence(cli(*arguments), home, *words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cards", "extract", "book.txt", "Polina", "--year", "99999999999"], ["--year", "1895"]),
        (["cards", "extract", "book.txt", "Polina", "--year", "abc"], ["--year", "1895"]),
        (["chat", "sherlock", "--context", "-1"], ["--context", "-1"]),
        (["chat", "sherlock", "--context", "2000000000"], ["--context"]),
        (["chat", "sherlock", "--threads", "-1"], ["--threads"]),
        (["chat", "sherlock", "--kv-type", "f64"], ["--kv-type", "q8_0"]),
        (["chat", "sherlock", "--engine", "gpt"], ["--engine", "llama"]),
        (["chat", "sherlock", "--temperature", "nan"], ["--temperature"]),
        (["chat", "sherlock", "--max-tokens", "0"], ["--max-tokens"]),
        (["chat", "sherlock", "--chat", "1", "--new"], ["--chat", "--new"]),
        (["chat", "--chat", "1", "--greeting", "2"], ["--chat", "--greeting"]),
        (["bench", "lunch"], ["lunch", "startup"]),
        (["eval", "sherlock", "--kinds", ","], ["--kinds is empty", "knowledge"]),
        (["help", "me"], ["me", "keys"]),
    ],
)
def test_an_invalid_value_is_one_sentence_and_exit_code_2(
    cli: Cli, home: Path, arguments: list[str], words: list[str]
) -> None:
    one_sentence(cli(*arguments), home, *words, code=2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["chta"],
        ["chat", "--nope"],
        ["chat", "a", "b"],
        ["chat", "sherlock", "--threads", "many"],
        ["chats", "show", "one"],
        ["chats", "show"],
    ],
)
def test_a_wrong_command_line_exits_with_2(cli: Cli, home: Path, arguments: list[str]) -> None:
    done = cli(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Error: " in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["chat", "--context", "abc"], "'--context': it must be a whole number."),
        (["chat", "--temperature", "hot"], "'--temperature': it must be a number."),
        (["chats", "list", "--limit", "0"], "'--limit': it must be 1 or more."),
    ],
)
def test_a_wrong_value_is_explained_in_plain_words(
    cli: Cli, arguments: list[str], told: str
) -> None:
    assert cli(*arguments).err.endswith(f"{told}\n")


def weights(kind: str, folder: Path) -> Path:
    path = folder / "model.gguf"
    if kind == "directory":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "noise":
        path.write_bytes(bytes(range(256)) * 64)
    elif kind == "truncated":
        path.write_bytes(starter.locate(starter.LLM).read_bytes()[: 5 << 20])
    elif kind == "text":
        path.write_text("GGUF, said the file, and was a poem.")
    return path


@pytest.mark.parametrize("kind", ["missing", "directory", "empty", "noise", "truncated", "text"])
@pytest.mark.parametrize("once", [["--once", "Hi"], ["--plain"]])
def test_an_unusable_model_file_is_reported_in_one_sentence(
    cli: Cli, home: Path, tmp_path: Path, kind: str, once: list[str]
) -> None:
    path = weights(kind, tmp_path)
    done = cli("chat", "sherlock", "--engine", "llama", "--model", str(path), *once)
    one_sentence(done, home, "model.gguf")


def test_a_model_file_without_permission_is_reported(cli: Cli, home: Path, tmp_path: Path) -> None:
    path = weights("noise", tmp_path)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    one_sentence(cli("chat", "sherlock", "--engine", "llama", "--model", str(path)), home)


def test_a_context_window_larger_than_the_memory_is_refused(cli: Cli, home: Path) -> None:
    done = cli("chat", "sherlock", "--engine", "llama", "--context", "16000000", "--once", "Hi")
    one_sentence(done, home)


def test_an_unusable_adapter_is_reported(cli: Cli, home: Path, tmp_path: Path) -> None:
    path = weights("noise", tmp_path)
    done = cli("chat", "sherlock", "--engine", "llama", "--adapter", str(path), "--once", "Hi")
    one_sentence(done, home, "model.gguf")
    done = cli("chat", "sherlock", "--engine", "llama", "--adapter", "none.gguf", "--once", "Hi")
    one_sentence(done, home, "There is no adapter file none.gguf", "--adapter")


def test_all_problems_of_a_card_are_reported_at_once(cli: Cli, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('name = 3\ngreetngs = ["Hi"]\n', encoding="utf-8")
    done = cli("chat", str(path), "--once", "Hi")
    assert (done.code, done.out) == (1, "")
    assert "bad.toml:1" in done.err
    assert "bad.toml:2" in done.err
    assert "greetings" in done.err
    assert not home.exists() or not list(home.glob("logs/crash*"))


def test_all_problems_of_the_settings_are_reported_at_once(cli: Cli, home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text('thme = "x"\nthreads = "y"\n', encoding="utf-8")
    done = cli("chat", "sherlock", "--once", "Hi")
    assert (done.code, done.out) == (1, "")
    assert "config.toml:1: thme" in done.err
    assert "config.toml:2: threads" in done.err


@pytest.mark.parametrize("place", ["a file", "below a file", "read-only"])
def test_an_unwritable_home_names_rpterm_home(
    cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place == "read-only":
        home.mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
        if os.access(home, os.W_OK):
            pytest.skip("this user may write everywhere")
    else:
        (tmp_path / "blocked").write_text("")
        inside = "blocked/home" if place == "below a file" else "blocked"
        monkeypatch.setenv("RPTERM_HOME", str(tmp_path / inside))
    done = cli("chat", "sherlock", "--once", "Hi")
    one_sentence(done, home, "RPTERM_HOME")


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to look at" * 99])
def test_a_file_that_is_no_database_is_reported_and_left_alone(
    cli: Cli, home: Path, content: bytes
) -> None:
    home.mkdir()
    (home / "rpterm.db").write_bytes(content)
    done = cli("chat", "sherlock", "--once", "Hi")
    one_sentence(done, home, "rpterm.db")
    assert (home / "rpterm.db").read_bytes() == content


def test_a_bug_writes_a_crash_log_and_one_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(arguments: list[str]) -> int:
        raise ZeroDivisionError("by nought")

    assert guard.run(broken, []) == 1
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    (log,) = home.glob("logs/crash*.log")
    assert str(log) in told
    assert "ZeroDivisionError: by nought" in log.read_text(encoding="utf-8")
    monkeypatch.setenv("RPTERM_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        guard.run(broken, [])


def test_ctrl_c_exits_with_130_and_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(arguments: list[str]) -> int:
        raise KeyboardInterrupt

    assert guard.run(interrupted, []) == 130
    assert capsys.readouterr().err == ""


def test_escape_codes_are_removed_from_errors(capsys: pytest.CaptureFixture[str]) -> None:
    guard.complain("bad \x1b[31mname\x07")
    assert capsys.readouterr().err == "rpterm: bad [31mname\n"


def test_a_full_disk_is_not_reported_as_a_bug(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: list[str]) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(guard, "_silence_output", lambda: None)
    assert guard.run(full, []) == 1
    assert capsys.readouterr().err == (
        "rpterm: The disk is full: nothing more could be written. Free some space.\n"
    )


BINARY = b"{\x9e\x00\xff"
NOT_TEXT = "is not UTF-8 text"


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        (b"", ["bench", "persona", "--convai2", "FILE"], ["no dialogue", "ConvAI2"]),
        (BINARY, ["bench", "persona", "--convai2", "FILE"], [NOT_TEXT]),
        (b"", ["bench", "recall", "--locomo", "FILE"], ["line 1", "LoCoMo"]),
        (b"[]", ["bench", "recall", "--locomo", "FILE"], ["no conversation", "LoCoMo"]),
        (b'[{"x": 1}]', ["bench", "recall", "--locomo", "FILE"], ["'conversation'", "LoCoMo"]),
        (BINARY, ["bench", "told", "--locomo", "FILE"], [NOT_TEXT]),
        (BINARY, ["bench", "rated", "--cache", "FILE"], [NOT_TEXT]),
        (b'{"key": 1}\n', ["bench", "rated", "--cache", "FILE"], ["log-probabilities", "line 1"]),
        (b"", ["bench", "rated", "--cache", ".."], ["Is a directory"]),
        (BINARY, ["eval", "sherlock", "--probes", "FILE"], [NOT_TEXT]),
        (b"", ["eval", "sherlock", "--probes", ".."], ["Is a directory"]),
        (BINARY, ["export", "check", "FILE"], [NOT_TEXT]),
    ],
)
def test_a_data_file_of_the_wrong_kind_is_reported_before_the_work(
    cli: Cli, home: Path, tmp_path: Path, content: bytes, arguments: list[str], words: list[str]
) -> None:
    file = tmp_path / "file.jsonl"
    file.write_bytes(content)
    done = cli(*(str(file) if each == "FILE" else each for each in arguments))
    one_sentence(done, home, *words)
    assert "codec" not in done.err and "Errno" not in done.err


def test_a_closed_standard_output_is_not_reported_as_a_bug(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rpterm", "cards", "list"],
        stdout=None, stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1), text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_standard_input_ends_a_chat_like_an_empty_one(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rpterm", "chat", "sherlock"],
        stdin=None, capture_output=True, preexec_fn=lambda: os.close(0), text=True,
        env=os.environ | {"RPTERM_ENGINE": "scripted"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
