"""Plain mode: messages, commands, pipes and signals."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from cli_tools import LIMIT_S, Cli, Spawn, read_until

from rpterm.chat.events import PromptEvaluated, ReplyThought
from rpterm.cli.plain import waiting
from rpterm.cli.plain.commands import COMMANDS
from rpterm.cli.plain.output import LineWrapper, ReplyPrinter
from rpterm.cli.plain.waiting import Waiting
from rpterm.errors import RptermError
from rpterm.models.engine_factory import SCRIPTED_REPLIES
from rpterm.store import Store
from rpterm.store.database import other_processes
from rpterm.types import Origin, Status, Turn

FIRST, SECOND, THIRD = SCRIPTED_REPLIES


def turns(home: Path, chat_id: int = 1) -> list[Turn]:
    with Store(home / "rpterm.db") as store:
        leaf = store.chat(chat_id).leaf_id
        assert leaf is not None
        return store.path(leaf)


def talk(cli: Cli, *lines: str) -> str:
    done = cli("chat", "sherlock", stdin="".join(f"{line}\n" for line in lines))
    assert done.code == 0, done.err
    return done.out


def test_a_pipe_gets_only_the_chat_on_standard_output(cli: Cli, home: Path) -> None:
    out = talk(cli, "Hello there")
    assert out.endswith(f"Holmes: {FIRST}\n")
    assert "\x1b" not in out
    path = turns(home)
    assert [turn.role for turn in path] == ["assistant", "user", "assistant"]
    assert (path[1].text, path[2].text) == ("Hello there", FIRST)


def test_the_last_line_needs_no_line_end(cli: Cli, home: Path) -> None:
    done = cli("chat", "sherlock", stdin="Hello")
    assert done.out.endswith(f"{FIRST}\n")


def test_lines_are_joined_by_a_backslash(cli: Cli, home: Path) -> None:
    talk(cli, "one\\", "two")
    assert turns(home)[1].text == "one\ntwo"
    talk(cli, "//shrug")
    assert turns(home)[-2].text == "/shrug"


def test_regenerate_and_swipe_print_the_versions(cli: Cli, home: Path) -> None:
    out = talk(cli, "Hello", "/regenerate", "/swipe left", "/swipe 2", "/swipe 5")
    assert f"Holmes (1 of 2): {FIRST}" in out
    assert out.count(f"Holmes (2 of 2): {SECOND}") == 1
    assert turns(home)[-1].swipe == 2


def test_hide_takes_a_number_from_the_end_and_toggles(cli: Cli, home: Path) -> None:
    out = talk(cli, "Hello", "/hide 2", "/show")
    assert "(hidden from the model): Hello" in out
    assert [turn.hidden for turn in turns(home)] == [False, True, False]
    done = cli("chat", "sherlock", stdin="/prompt\n/hide 2\n/hide\n/hide 4\n/hide 0\n")
    assert f"left out turn:{turns(home)[1].id}: you hid it from the model" in done.err
    assert "The model reads it again: Hello" in done.err
    assert done.err.count("Say a number from 1, the last turn, to 3.") == 2
    assert [turn.hidden for turn in turns(home)] == [False, False, True]
    shown = cli("chats", "show", "1").out
    assert f"Holmes (hidden from the model): {FIRST}" in shown


def test_delete_removes_a_turn_alone_or_with_all_that_follow(cli: Cli, home: Path) -> None:
    talk(cli, "one", "two")
    done = cli("chat", "sherlock", stdin="/delete 4\n/delete 4 both\n/delete 9\n")
    assert "3 turns follow it." in done.err and "/delete 4 alone, or /delete 4 all" in done.err
    assert "and then alone or all" in done.err and "to 5." in done.err
    assert len(turns(home)) == 5
    talk(cli, "/delete 4 alone")
    assert [turn.text for turn in turns(home)][1:] == [FIRST, "two", SECOND]
    talk(cli, "/delete 2 all", "/delete alone")
    assert len(turns(home)) == 1


def test_regenerate_with_a_number_generates_several_swipes(cli: Cli, home: Path) -> None:
    out = talk(cli, "Hello", "/regenerate 2")
    assert "of 3): " in out
    with Store(home / "rpterm.db") as store:
        assert len(store.siblings(turns(home)[-1].id)) == 3


def test_regenerate_with_words_passes_them_on_as_a_hint(cli: Cli, home: Path) -> None:
    talk(cli, "Hello", "/regenerate shorter, and he is angry")
    with Store(home / "rpterm.db") as store:
        generation = store.generation(turns(home)[-1].id)
    assert generation is not None and "[shorter, and he is angry]" in generation.prompt_text


def test_continue_edit_undo_and_branches_change_the_tree(cli: Cli, home: Path) -> None:
    out = talk(cli, "Hello", "/continue", "/edit Quite so.", "/undo", "Good day", "/branches")
    assert f"Holmes: … {SECOND}" in out
    path = turns(home)
    assert [turn.text for turn in path[1:]] == ["Good day", THIRD]
    with Store(home / "rpterm.db") as store:
        edited = [turn for turn in store.tree(1) if turn.origin is Origin.EDITED]
        assert [turn.text for turn in edited] == ["Quite so."]
        texts = {turn.text for turn in store.tree(1)}
        assert {FIRST, f"{FIRST} {SECOND}", "Hello"} <= texts


def test_branches_lists_unused_swipes_only_with_all(cli: Cli) -> None:
    told = cli("chat", "sherlock", stdin="Hello\n/regenerate\n/branches\n").err
    assert told.count("\n* ") + told.startswith("* ") == 1 and "(+1 swipe)" in told
    assert FIRST[:40] not in told.split("(+1")[0] and "/branches all" in told
    told = cli("chat", "sherlock", stdin="/branches all\n/branches some\n").err
    assert FIRST[:40] in told and SECOND[:40] in told and "swipe)" not in told
    assert "Say /branches, or /branches all" in told


def test_note_persona_rename_and_prompt_work(cli: Cli, home: Path) -> None:
    done = cli(
        "chat", "sherlock",
        stdin="/note Be brief.\n/persona Mary: A painter.\n/rename Fog\n/prompt Hello\n",
    )  # fmt: skip
    with Store(home / "rpterm.db") as store:
        chat = store.chat(1)
    assert (chat.note.text, chat.persona.name, chat.title) == ("Be brief.", "Mary", "Fog")
    assert "author's note" in done.err
    assert "card.description: the card, never cut" in done.err


def test_a_greeting_nobody_answered_is_printed_again_for_another_persona(
    cli: Cli, home: Path
) -> None:
    out = talk(cli, "/persona Mary", "Hello")
    assert "means, Ashby." in out and "means, Mary." in out
    assert "means, Mary." in turns(home)[0].text and len(turns(home)) == 3


def test_set_shows_changes_and_resets_a_setting(cli: Cli, home: Path) -> None:
    lines = ("/set temperature", "/set max_tokens 40", "Hello", "/set max_tokens=0", "/set")
    done = cli("chat", "sherlock", stdin="".join(f"{line}\n" for line in lines))
    assert "temperature is 0.75 (Sherlock Holmes's card)" in done.err
    assert "max_tokens is 40, starting with the next reply" in done.err
    assert "must be between 1 and 1000000" in done.err
    assert "max_tokens = 40  (config.toml)" in done.err
    with Store(home / "rpterm.db") as store:
        made = store.generation(turns(home)[-1].id)
        assert made is not None and made.sampling.max_tokens == 40
    talk(cli, "/set max_tokens default")
    assert "max_tokens" not in (home / "config.toml").read_text()


def test_impersonate_prints_a_draft_and_sends_nothing(cli: Cli, home: Path) -> None:
    done = cli("chat", "sherlock", stdin="/impersonate\n")
    assert f"Draft, not sent: {FIRST}" in done.err
    assert len(turns(home)) == 1


@pytest.mark.parametrize("line", ["/foo", "/swipe up", "/go 999", "/go x", "/edit", "/undo",
                                  "/greeting 9", "/persona :", "/hide many", "/swipe ²",
                                  "/swipe " + 5000 * "1", "/regenerate ²"])  # fmt: skip
def test_a_wrong_command_is_one_sentence_and_the_chat_continues(cli: Cli, line: str) -> None:
    done = cli("chat", "sherlock", stdin=f"{line}\nHello\n")
    assert done.code == 0
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("rpterm: ")
    assert done.out.endswith(f"{FIRST}\n")


def test_help_lists_every_plain_command(cli: Cli) -> None:
    done = cli("chat", "sherlock", stdin="/help\n/quit\nnever sent\n")
    assert all(f"/{name} " in done.err for name in COMMANDS)
    assert FIRST not in done.out


def test_control_characters_in_a_reply_are_removed() -> None:
    written: list[str] = []
    printer = ReplyPrinter(written.append)
    printer.show("a \x1b[2J b\x07 ")
    printer.finish("a \x1b[2J b\x07 c\u202e")
    assert "".join(written) == "a [2J b c\n"


def test_the_printer_writes_whole_words_and_starts_again_if_text_is_retracted() -> None:
    written: list[str] = []
    printer = ReplyPrinter(written.append)
    for text in ("Go", "Good ev", "Good evening, si", "Good day"):
        printer.show(text)
    printer.finish("Good day, sir.")
    assert "".join(written) == "Good evening,  …\nGood day, sir.\n"


class Terminal(io.StringIO):
    """A standard error that somebody watches."""

    def __init__(self) -> None:
        super().__init__()
        self.told = threading.Event()

    def isatty(self) -> bool:
        return True

    def flush(self) -> None:
        self.told.set()

    def wait_for(self, words: str) -> None:
        while words not in self.getvalue():
            assert self.told.wait(LIMIT_S)
            self.told.clear()


def test_a_terminal_that_cannot_draw_gets_plain_mode(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rpterm.cli.out.is_interactive", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    assert cli("chat", "sherlock", stdin="Hello there\n").out.endswith(f"Holmes: {FIRST}\n")


def test_a_terminal_says_what_a_slow_reply_is_waiting_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PAUSES_S", (0.001, 0.01))
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with Waiting("loading the model") as wait:
        terminal.wait_for("(loading the model; ")
        wait.note(PromptEvaluated(512, 1300, 0))
        terminal.wait_for("(reading, 512 of 1,300 tokens; ")
        wait.note(ReplyThought(0, "Hm", 40))
        terminal.wait_for("(thinking, 40 tokens so far; ")


def test_a_reply_that_fails_before_its_first_word_leaves_no_name_behind() -> None:
    written: list[str] = []
    ReplyPrinter(written.append, head="Holmes: ").leave()
    assert written == []
    printer = ReplyPrinter(written.append, head="Holmes: ")
    printer.show("Good ev")
    printer.leave()
    assert "".join(written) == "Holmes: Good ev\n", "all that is kept is shown"


def test_lines_are_wrapped_between_words_in_a_terminal() -> None:
    wrapper = LineWrapper(lambda: 12)
    pieces = (
        "Holmes: ",
        "*He looks ",
        "up.* ",
        '"Twelve pence',
        '"\n\n',
        "Well? 日本語 ",
        "x" * 30,
    )
    text = "".join(map(wrapper.wrap, pieces))
    assert text.split("\n") == ["Holmes: *He ", "looks up.* ", '"Twelve ', 'pence"', "",
                                 "Well? 日本語", "x" * 30]  # fmt: skip
    wrapper.begin()
    assert wrapper.wrap("what is new") == "what is new"


def start(spawn: Spawn, *more: str) -> subprocess.Popen[str]:
    process = spawn("chat", "sherlock", "--plain", *more)
    assert process.stdin is not None
    process.stdin.write("Hello\n")
    process.stdin.flush()
    read_until(process, "What happened?")
    read_until(process, "looks up ")
    return process


def test_kill_9_loses_nothing_that_was_shown(spawn: Spawn, home: Path) -> None:
    process = start(spawn)
    process.kill()
    process.wait(LIMIT_S)
    path = turns(home)
    assert path[1].text == "Hello"
    assert path[2].status is Status.PARTIAL
    assert path[2].text
    assert FIRST.startswith(path[2].text)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stores_the_reply_and_leaves(spawn: Spawn, home: Path, number: int) -> None:
    process = start(spawn)
    process.send_signal(number)
    assert process.wait(LIMIT_S) == 128 + number
    last = turns(home)[-1]
    assert last.status in (Status.PARTIAL, Status.COMPLETE)
    assert last.text
    assert FIRST.startswith(last.text)


def test_ctrl_c_stops_the_reply_and_a_second_one_leaves(spawn: Spawn, home: Path) -> None:
    process = start(spawn)
    assert process.stderr is not None
    process.send_signal(signal.SIGINT)
    assert "Stopped" in process.stderr.readline()
    assert process.poll() is None
    assert process.stdin is not None
    process.stdin.write("/help\n")
    process.stdin.flush()
    # It listens again; before, a signal was for the reply.
    assert any("/regenerate" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    assert process.wait(LIMIT_S) == 130
    assert turns(home)[-1].status is Status.PARTIAL


def test_a_reader_that_closes_the_pipe_causes_no_crash(home: Path) -> None:
    command = f"printf 'a\\nb\\n' | {sys.executable} -m rpterm chat sherlock | head -c 5"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=os.environ)
    assert done.stderr == ""
    assert not list(home.glob("logs/crash*"))
    assert turns(home)[0].role == "assistant"


def test_a_signal_during_once_stores_the_partial_reply(spawn: Spawn, home: Path) -> None:
    talker = spawn("chat", "sherlock", "--once", "Hello", RPTERM_ENGINE="scripted")
    for _ in range(int(LIMIT_S * 20)):
        if (home / "rpterm.db").exists() and any(turn.text for turn in turns_so_far(home)[2:]):
            break
        with suppress(subprocess.TimeoutExpired):
            talker.wait(0.05)
    talker.send_signal(signal.SIGTERM)
    assert talker.wait(LIMIT_S) == 128 + signal.SIGTERM
    assert turns(home)[-1].status is Status.PARTIAL
    assert FIRST.startswith(turns(home)[-1].text)


def test_invalid_utf_8_in_the_input_is_replaced(spawn: Spawn, home: Path) -> None:
    command = [sys.executable, "-m", "rpterm", "chat", "sherlock"]
    env = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run(command, input=b"bad \xff byte\n", env=env, capture_output=True)
    assert done.returncode == 0
    assert turns(home)[1].text == "bad \ufffd byte"


def turns_so_far(home: Path) -> list[Turn]:
    """The chat as it is while another process writes it; nothing before there is one."""
    try:
        return turns(home)
    except (RptermError, AssertionError):
        return []


def test_best_of_prints_only_the_best_reply(cli: Cli, home: Path) -> None:
    done = cli("chat", "sherlock", "--best-of", "3", stdin="Hello\n")
    assert done.code == 0, done.err
    shown = turns(home)[-1]
    assert shown.swipes == 3
    assert [done.out.count(text) for text in (FIRST, SECOND, THIRD)].count(1) == 1
    once = cli("chat", "sherlock", "--best-of", "2", "--once", "And now?")
    assert once.out.strip() == turns(home)[-1].text.strip()
    assert cli("chat", "sherlock", "--best-of", "99", "--once", "Hm").code == 2


def test_export_chat_never_overwrites_a_file(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "talk.md"
    told = cli(
        "chat", "sherlock", "--plain", stdin=f"Hello\n/export-chat {file}\n/export-chat {file}\n"
    )
    assert f"This chat was written to {file}." in told.err and "Hello" in file.read_text("utf-8")
    assert "already exists. Name another file." in told.err


def test_a_message_from_a_pipe_waits_while_another_terminal_answers(
    cli: Cli, spawn: Spawn, home: Path
) -> None:
    talk(cli)
    greeting = turns(home)[-1]
    with Store(home / "rpterm.db") as other:
        theirs = other.add_turn(1, greeting.id, "user", "Ann", "Theirs", origin=Origin.TYPED)
        with other_processes.mark_answering(other, theirs.id):
            chat = spawn("chat", "sherlock", "--plain")
            read_until(chat, "Theirs")
            assert chat.stdin is not None and chat.stderr is not None
            chat.stdin.write("Ours\n")
            chat.stdin.flush()
            assert any("your message waits" in line for line in chat.stderr)
            other.add_turn(1, theirs.id, "assistant", "Holmes", "Quite.", origin=Origin.GENERATED)
    out, told = chat.communicate(timeout=LIMIT_S)
    assert chat.returncode == 0 and "Holmes: Quite." in out and "In another terminal:" in told
    assert [turn.text for turn in turns(home)][1:] == ["Theirs", "Quite.", "Ours", FIRST]
