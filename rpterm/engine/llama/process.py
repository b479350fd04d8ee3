"""The client's side of a worker process: sends messages, delivers answers, explains its death."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from rpterm.engine.llama.messages import Message, pack, unpack
from rpterm.engine.llama.threads import ENVIRONMENT
from rpterm.engine.protocol import EngineError
from rpterm.errors import cause_of
from rpterm.paths import open_log

_TAIL_BYTES = 4000

_OUT_OF_MEMORY = (
    "bad_alloc",
    "memoryerror",
    "failed to allocate",
    "cannot allocate memory",
    "insufficient memory",
)
"""What the log of a worker says at the end when it died for lack of memory."""


class Pending:
    """A request that waits for its answer.

    Attributes:
        messages: The messages received for it, for one reader; ``None`` if the worker died.
        done: Set with the last message, for any number of waiters.
        answer: The last message, or ``None`` if the worker died before it.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self.done = threading.Event()
        self.answer: Message | None = None

    def deliver(self, message: Message | None, last: bool) -> None:
        """Add a message; ``None`` means that the worker died."""
        self.messages.put(message)
        if last:
            self.answer = message
            self.done.set()


class WorkerProcess:
    """A process started by the constructor; it is never restarted."""

    def __init__(self, log: Path | None) -> None:
        """Args:
            log: File for the worker's output; a temporary one when ``None``.

        Raises:
            EngineError: The process cannot be started.
        """
        self._own_log = log is None
        self._log = log if log is not None else _temporary_log()
        self._pending: dict[int, Pending] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._numbers = 0
        self._dead = False
        self._closing = False
        self._unresponsive = False
        self._final_log_tail = ""
        try:
            self._process = _start(self._log)
        except OSError as error:
            self._remove_own_log()
            raise EngineError(
                f"The model's process cannot be started ({cause_of(error)}). Close other "
                "programs and try again."
            ) from error
        threading.Thread(target=self._read, name="llama-pipe", daemon=True).start()

    @property
    def alive(self) -> bool:
        return not self._dead and not self._closing

    @property
    def pid(self) -> int:
        return self._process.pid

    def request(self, op: str, **fields: object) -> Pending:
        """Send a message that expects an answer.

        Raises:
            EngineError: The worker is dead.
        """
        with self._lock:
            if self._dead:
                raise self.death()
            self._numbers += 1
            pending = self._pending[self._numbers] = Pending(self._numbers)
        self.send({"id": pending.number, "op": op, **fields})
        return pending

    def send(self, message: Message) -> None:
        """Write a message; if the worker is dead, whoever waits for an answer learns of it."""
        assert self._process.stdin is not None
        with self._writing, contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(pack(message))
            self._process.stdin.flush()

    def receive(self, pending: Pending) -> Message:
        """The next message for a request; blocks.

        Raises:
            EngineError: The worker died.
        """
        message = pending.messages.get()
        if message is None:
            raise self.death()
        return message

    def forget(self, pending: Pending) -> None:
        """Ignore all further messages for a request."""
        with self._lock:
            self._pending.pop(pending.number, None)

    def log_tail(self) -> str:
        """The last lines of the log."""
        if self._dead:
            return self._final_log_tail
        try:
            with self._log.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _TAIL_BYTES))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-20:])

    def death(self) -> EngineError:
        """Why there is no answer, as an error for the user."""
        if self._closing:
            return EngineError("The engine was closed.")
        code = self._process.poll()
        what = f"ended with code {code}"
        if code == -9:
            what = "was killed, perhaps because memory ran out"
        elif code is not None and code < 0:
            what = f"crashed (signal {-code})"
        if self._unresponsive:
            what = "did not react any more and was ended"
        tail = self.log_tail()
        if code != -9 and any(sign in tail.casefold() for sign in _OUT_OF_MEMORY):
            what = "ran out of memory (a smaller context or model needs less)"
        return EngineError(
            f"The model's process {what}; it starts again with your next message.", tail
        )

    def end_unresponsive(self, cancelled: Sequence[int]) -> None:
        """Kill the process if one of these cancelled requests still waits for its end."""
        with self._lock:
            stuck = not self._pending.keys().isdisjoint(cancelled)
        if stuck:
            self._unresponsive = True
            with contextlib.suppress(OSError):
                self._process.kill()

    def close(self) -> None:
        """Kill the process; everyone who waits for an answer gets an error.

        Returns once its memory is free, unless it runs at low priority: on a busy machine such a
        process gets no time to die, which took five seconds at the program's end.
        """
        self._closing = True
        gives_way = self._gives_way()
        with contextlib.suppress(OSError):
            self._process.kill()
        if not gives_way:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
        self._remove_own_log()

    def _gives_way(self) -> bool:
        """Whether the process has a lower priority than this one."""
        with contextlib.suppress(OSError, AttributeError):  # Windows has no such call.
            own = os.getpriority(os.PRIO_PROCESS, 0)
            return os.getpriority(os.PRIO_PROCESS, self._process.pid) > own
        return False

    def _remove_own_log(self) -> None:
        if self._own_log:
            with contextlib.suppress(OSError):
                self._log.unlink()

    def _read(self) -> None:
        """Deliver messages until the process ends; runs in a thread."""
        assert self._process.stdout is not None
        with self._process.stdout as source:
            for line in source:
                with contextlib.suppress(ValueError):
                    self._deliver(unpack(line))
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._final_log_tail = self.log_tail()
        self._remove_own_log()
        with self._lock:
            self._dead = True
            waiting = list(self._pending.values())
            self._pending.clear()
        for pending in waiting:
            pending.deliver(None, last=True)
        assert self._process.stdin is not None
        with self._writing, contextlib.suppress(OSError):
            self._process.stdin.close()

    def _deliver(self, message: Message) -> None:
        with self._lock:
            last = "ok" in message or "error" in message
            find = self._pending.pop if last else self._pending.get
            pending = find(message["id"], None)
        if pending is not None:
            pending.deliver(message, last)


def _temporary_log() -> Path:
    handle, name = tempfile.mkstemp(prefix="rpterm-engine-", suffix=".log")
    os.close(handle)
    return Path(name)


def _start(log: Path) -> subprocess.Popen[bytes]:
    with open_log(log) as stderr:
        return subprocess.Popen(
            # -P: modules in the current folder must not shadow installed ones.
            [sys.executable, "-P", "-m", "rpterm.engine.llama.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=_environment(),
            start_new_session=True,
        )


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[3])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(paths)}
