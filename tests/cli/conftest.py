"""A home of its own for every test, and the command line in this process or in another one."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_tools import Cli, Done, Spawn

from rpterm.__main__ import _dispatch
from rpterm.cli import guard


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("RPTERM_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RPTERM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RPTERM_ENGINE", "scripted")
    return tmp_path / "home"


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command line here: ``cli("chats", "list", stdin="…")``; nobody watches it write."""
    monkeypatch.setattr("rpterm.models.engine_factory.SCRIPTED_DELAY_S", 0.0)

    def run(*arguments: str, stdin: str = "") -> Done:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = guard.run(_dispatch, list(arguments))
        told = capsys.readouterr()
        return Done(code, told.out, told.err)

    return run


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Start a command line as a process of its own; whatever is left is ended."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "rpterm", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, **env}, bufsize=1,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
