"""Start-up time: the first frame, the help, and their parts (``rpterm bench startup``).

The first frame is timed from the start of the process until the real program, with the real model
loading in the background, has sent the character's name and the beginning of the greeting to a
pseudo terminal. The figures of one call are measured in turns, so that a busy moment affects all
alike.
"""

from __future__ import annotations

import os
import re
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rpterm.errors import RptermError

RUNS = 7
LIMIT_S = 30.0
CARD = "sherlock"
_ESCAPES = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\x07|\x1b\\)|[@-Z\\-_])", re.DOTALL
)


def run(runs: int = RUNS) -> dict[str, object]:
    """Seconds: the medians of ``runs`` starts, after one unmeasured start that fills the caches."""
    if not hasattr(os, "fork"):
        raise RptermError("This benchmark needs a pseudo terminal, which Windows does not have.")
    with tempfile.TemporaryDirectory(prefix="rpterm-bench-") as home:
        wanted = first_frame_texts()
        env = environment(home)
        create_database(home)
        timers: dict[str, Callable[[], float]] = {
            "first_frame_s": lambda: first_frame(env, wanted),
            "help_s": lambda: _timed(env, "-m", "rpterm", "--help"),
            "import_textual_s": lambda: _timed(env, "-c", "import textual.app"),
            "python_s": lambda: _timed(env, "-c", "pass"),
        }
        for timer in timers.values():
            timer()
        taken: dict[str, list[float]] = {name: [] for name in timers}
        for _ in range(runs):
            for name, timer in timers.items():
                taken[name].append(timer())
    figures = {name: statistics.median(seconds) for name, seconds in taken.items()}
    figures["first_frame_min_s"] = min(taken["first_frame_s"])
    figures["first_frame_max_s"] = max(taken["first_frame_s"])
    return {**{name: round(seconds, 4) for name, seconds in figures.items()}, "runs": runs}


def first_frame(env: Mapping[str, str], wanted: Sequence[bytes]) -> float:
    """Start the program in a pty, wait until everything ``wanted`` is painted, and end it.

    Returns:
        Seconds until then.

    Raises:
        RptermError: It was not painted in time.
    """
    import fcntl
    import pty
    import struct
    import termios

    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    began = time.perf_counter()
    process = subprocess.Popen(
        # A new chat: a continued chat shows no greeting before it is open.
        [sys.executable, "-m", "rpterm", "chat", CARD, "--new"],
        stdin=other, stdout=other, stderr=other, env=env, start_new_session=True,
    )  # fmt: skip
    os.close(other)
    try:
        return wait_for(main, wanted, began) - began
    finally:
        _end(process, main)


def environment(home: str) -> dict[str, str]:
    """An environment with its own home and bytecode cache: an installed program is compiled."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    place = {"RPTERM_HOME": home, "PYTHONPYCACHEPREFIX": str(Path(home) / "bytecode")}
    return {**env, **place, "TERM": "xterm-256color", "COLORTERM": "truecolor"}


def create_database(home: str | Path) -> None:
    """Create the database: the tour of the very first start would cover the greeting."""
    from rpterm import paths
    from rpterm.store import Store

    path = paths.find({"RPTERM_HOME": str(home)}).database
    paths.make_folder(path.parent)
    Store(path).close()


def first_frame_texts() -> list[bytes]:
    """What the first frame must show: the name, and a word from the start of the greeting."""
    from rpterm import paths
    from rpterm.startup import launch

    card = launch.find_card(CARD, paths.find()).card
    words = re.findall(r"[A-Za-z]{5,}", card.greetings[0])
    return [card.name.encode(), words[0].encode()]


def wait_for(terminal: int, wanted: Sequence[bytes], began: float) -> float:
    """Read a terminal until everything wanted was written to it.

    Returns:
        The ``time.perf_counter`` of that moment.

    Raises:
        RptermError: It was not written within ``LIMIT_S`` of ``began``.
    """
    seen = b""
    while time.perf_counter() - began < LIMIT_S:
        ready, _, _ = select.select([terminal], [], [], 0.5)
        if not ready:
            continue
        try:
            seen += os.read(terminal, 1 << 16)
        except OSError:
            break
        now = time.perf_counter()
        text = _ESCAPES.sub(b"", seen)
        if all(mark in text for mark in wanted):
            return now
    tail = _ESCAPES.sub(b"", seen).decode(errors="replace").strip()[-300:]
    raise RptermError(f"The program painted no first frame. It wrote: {tail or 'nothing'}.")


def _end(process: subprocess.Popen[bytes], terminal: int) -> None:
    """Ask the process to quit, then kill it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    drain(process, terminal, 10)
    if process.poll() is None:
        process.kill()
    process.wait()
    os.close(terminal)


def drain(process: subprocess.Popen[bytes], terminal: int, limit: float) -> None:
    """Read what a process still writes until it ends: on a full pty it would block for ever."""
    end = time.monotonic() + limit
    while process.poll() is None and time.monotonic() < end:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                os.read(terminal, 1 << 16)
            except OSError:
                return


def _timed(env: Mapping[str, str], *arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=env)
    return time.perf_counter() - began
