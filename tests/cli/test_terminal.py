"""The real program in a pseudo terminal: its first frame, and every way it ends."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from cli_tools import LIMIT_S, Cli

from rpterm.bench import startup
from rpterm.store import Store


class Terminal:
    """``rpterm chat sherlock``, or another command, behind a pty."""

    def __init__(
        self,
        *arguments: str,
        command: str = "chat",
        size: tuple[str, str] = ("100", "30"),
        stderr: IO[bytes] | None = None,
    ) -> None:
        self.main, other = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rpterm", command, *arguments],
            stdin=other, stdout=other, stderr=stderr or other, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": size[0], "LINES": size[1]},
        )  # fmt: skip
        os.close(other)

    def wait_for(self, *texts: str) -> None:
        startup.wait_for(self.main, [text.encode() for text in texts], time.perf_counter())

    def press(self, keys: str) -> None:
        os.write(self.main, keys.encode())

    def vanish(self) -> None:
        """The window is gone, and nobody sends a signal."""
        os.close(self.main)
        self.main = -1

    def end(self) -> int:
        """Read what it still writes, until it is gone."""
        startup.drain(self.process, self.main, LIMIT_S)
        return self.process.wait(LIMIT_S)


@contextmanager
def opened(home: Path, *arguments: str, **options: Any) -> Iterator[Terminal]:
    Store(home / "rpterm.db").close()  # Not the first run: no tour is in the way.
    terminal = Terminal(*(arguments or ["sherlock"]), **options)
    try:
        yield terminal
    finally:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()
        if terminal.main >= 0:
            os.close(terminal.main)


@pytest.fixture
def terminal(home: Path) -> Iterator[Terminal]:
    with opened(home) as terminal:
        yield terminal


def stored(home: Path) -> list[str]:
    with Store(home / "rpterm.db") as store:
        leaf = store.chat(1).leaf_id
        return [turn.text for turn in store.path(leaf)] if leaf is not None else []


@pytest.mark.parametrize("writing", [False, True])
def test_the_program_ends_if_its_terminal_vanishes_without_a_signal(
    home: Path, writing: bool
) -> None:
    """It leads a session without a controlling terminal: the kernel tells it nothing."""
    with opened(home) as terminal:
        terminal.wait_for("Holmes")
        terminal.press("Hello\r")
        if not writing:
            terminal.wait_for("looks up")
        terminal.vanish()
        assert terminal.process.wait(LIMIT_S) >= 0
    assert not list(home.rglob("crash-*.log"))
    if not writing:
        assert stored(home)[1] == "Hello"
        assert stored(home)[2]


def test_the_first_frame_shows_the_name_and_the_greeting(home: Path) -> None:
    startup.create_database(home)
    seconds = startup.first_frame(startup.environment(str(home)), startup.first_frame_texts())
    assert 0 < seconds < startup.LIMIT_S


def test_the_startup_benchmark_reports_a_program_that_fails(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "CARD", "nobody")
    with pytest.raises(Exception, match="There is no character 'nobody'"):
        startup.first_frame(startup.environment(str(home)), [b"Sherlock Holmes"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_program_with_everything_stored(
    terminal: Terminal, home: Path, number: int
) -> None:
    terminal.wait_for("Holmes")
    terminal.press("Hello\r")
    terminal.wait_for("looks up")
    terminal.process.send_signal(number)
    terminal.end()
    with Store(home / "rpterm.db") as store:
        leaf = store.chat(1).leaf_id
        assert leaf is not None
        path = store.path(leaf)
    assert [turn.text for turn in path[1:2]] == ["Hello"]
    assert path[2].text


def test_ctrl_q_restores_the_terminal(terminal: Terminal) -> None:
    import termios

    before = termios.tcgetattr(terminal.main)[3] & termios.ECHO
    terminal.wait_for("Holmes")
    terminal.press("\x11")
    assert terminal.end() == 0
    assert termios.tcgetattr(terminal.main)[3] & termios.ECHO == before


def test_a_terminal_that_tells_no_size_can_be_used(home: Path) -> None:
    chat_and_quit(home, size=("", ""))


def test_the_screen_is_shown_if_standard_error_goes_to_a_file(home: Path, tmp_path: Path) -> None:
    with (tmp_path / "errors.txt").open("wb") as errors:
        chat_and_quit(home, stderr=errors)
    assert not (tmp_path / "errors.txt").read_bytes()


def test_the_review_is_shown_likewise_and_ends_with_its_terminal(
    home: Path, tmp_path: Path
) -> None:
    with (tmp_path / "errors.txt").open("wb") as errors:
        options = {"command": "review", "stderr": errors}
        with opened(home, "--show", "all", **options) as terminal:
            terminal.wait_for("Nothing to review here")
            terminal.vanish()
            assert terminal.process.wait(LIMIT_S) >= 0


def chat_and_quit(home: Path, **options: Any) -> None:
    with opened(home, **options) as terminal:
        terminal.wait_for("Holmes")
        terminal.press("Hello\r")
        terminal.wait_for("looks up")
        terminal.press("\x11")
        assert terminal.end() == 0
    assert stored(home)[1] == "Hello"


def test_a_broken_card_never_opens_the_screen(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("name = 3", encoding="utf-8")
    terminal = Terminal(str(path))
    seen = b""
    while chunk := _read(terminal.main):
        seen += chunk
    assert terminal.process.wait(LIMIT_S) == 1
    assert b"\x1b[?1049h" not in seen
    assert b"bad.toml:1" in seen
    os.close(terminal.main)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""
