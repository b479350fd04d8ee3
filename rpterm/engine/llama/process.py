"""A worker process as the client sees it: messages out, answers in, and what its death means."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO

from rpterm.engine.llama.threads import ENVIRONMENT
from rpterm.engine.llama.wire import Message, pack, unpack
from rpterm.engine.protocol import EngineError
from rpterm.marks import why

_LOG_LIMIT = 1 << 20
_TAIL_BYTES = 4000

_SHORT_OF_MEMORY = (
    "bad_alloc",
    "memoryerror",
    "failed to allocate",
    "cannot allocate memory",
    "insufficient memory",
)
"""What a worker's last words have in common when it got no memory and ended of it."""


class Pending:
    """One request that waits for its answer.

    Attributes:
        messages: What came for it, for one reader; ``None`` says that nothing more will come.
        done: Set with the last of them, for any number of waiters.
        answer: The last message, or ``None`` if the worker died before.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self.done = threading.Event()
        self.answer: Message | None = None

    def deliver(self, message: Message | None, last: bool) -> None:
        """Take in a message; ``None`` for the worker's death."""
        self.messages.put(message)
        if last:
            self.answer = message
            self.done.set()


class WorkerProcess:
    """Started by its constructor; dead for good once it died."""

    def __init__(self, log: Path | None) -> None:
        """Args:
            log: File for what the worker prints; a temporary one when ``None``.

        Raises:
            EngineError: The system starts no process.
        """
        self._own_log = log is None
        self._log = log if log is not None else _temporary_log()
        self._pending: dict[int, Pending] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._numbers = 0
        self._dead = False
        self._closing = False
        self._last_words = ""
        try:
            self._process = _started(self._log)
        except OSError as error:
            self._drop_log()
            raise EngineError(
                f"The model's process cannot be started ({why(error)}). Close other "
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
        """Send a message that will be answered.

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
        """Write a message; a worker that is gone is noticed by whoever waits for an answer."""
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
        """Drop whatever still comes for a request."""
        with self._lock:
            self._pending.pop(pending.number, None)

    def log_tail(self) -> str:
        """The last lines of the log."""
        if self._dead:
            return self._last_words
        try:
            with self._log.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _TAIL_BYTES))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-20:])

    def death(self) -> EngineError:
        """Why there is no answer, for people."""
        if self._closing:
            return EngineError("The engine was closed.")
        code = self._process.poll()
        how = f"ended with code {code}"
        if code == -9:
            how = "was killed, perhaps because memory ran out"
        elif code is not None and code < 0:
            how = f"crashed (signal {-code})"
        tail = self.log_tail()
        if code != -9 and any(sign in tail.casefold() for sign in _SHORT_OF_MEMORY):
            how = "ran out of memory (a smaller context or model needs less)"
        return EngineError(
            f"The model's process {how}; it starts again with your next message.", tail
        )

    def close(self) -> None:
        """End the process; everybody who waits hears of it."""
        self._closing = True
        with contextlib.suppress(OSError):
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._drop_log()

    def _drop_log(self) -> None:
        if self._own_log:
            with contextlib.suppress(OSError):
                self._log.unlink()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as source:
            for line in source:
                with contextlib.suppress(ValueError):
                    self._deliver(unpack(line))
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._last_words = self.log_tail()
        self._drop_log()
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
            take = self._pending.pop if last else self._pending.get
            pending = take(message["id"], None)
        if pending is not None:
            pending.deliver(message, last)


def _temporary_log() -> Path:
    handle, name = tempfile.mkstemp(prefix="rpterm-engine-", suffix=".log")
    os.close(handle)
    return Path(name)


def _started(log: Path) -> subprocess.Popen[bytes]:
    with _open_log(log) as stderr:
        return subprocess.Popen(
            # -P: the folder one happens to be in must not shadow modules.
            [sys.executable, "-P", "-m", "rpterm.engine.llama.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=_environment(),
            start_new_session=True,
        )


def _open_log(path: Path) -> BinaryIO:
    """The log for appending; started anew once it is large; nowhere if the disk refuses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        large = path.exists() and path.stat().st_size > _LOG_LIMIT
        return path.open("wb" if large else "ab")
    except OSError:
        return Path(os.devnull).open("ab")


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[3])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(paths)}
