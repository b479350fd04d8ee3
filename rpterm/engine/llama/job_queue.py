"""The worker's job queue between its reader thread and the model, and the flag that aborts a job.

The flag is a byte that llama.cpp's compute threads read through the C library's ``strlen``. A
Python callback there would need the interpreter lock for each of about a thousand graph nodes of
every token.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections import deque
from collections.abc import Iterable
from typing import Any

from rpterm.engine.llama.messages import Message

_PREEMPTIBLE = ("settle", "background")
"""Operations that nobody waits for."""


class AbortFlag:
    """A flag that both Python and llama.cpp can read; setting it aborts a running evaluation."""

    def __init__(self) -> None:
        self._flag = ctypes.create_string_buffer(2)
        library = ctypes.CDLL("msvcrt") if sys.platform == "win32" else ctypes.CDLL(None)
        self._strlen = library.strlen

    def set(self) -> None:
        self._flag[0] = b"\x01"

    def clear(self) -> None:
        self._flag[0] = b"\x00"

    def is_set(self) -> bool:
        return self._flag[0] != b"\x00"

    def install(self, lib: Any, context: Any) -> None:
        """Make a llama.cpp context abort when the flag is set: its ``strlen`` is then 1, else 0."""
        address = ctypes.cast(self._strlen, ctypes.c_void_p).value
        self._callback = lib.ggml_abort_callback(address)
        data = ctypes.cast(self._flag, ctypes.c_void_p)
        lib.llama_set_abort_callback(context, self._callback, data)


class JobQueue:
    """A queue with one consumer that also knows the job in progress."""

    def __init__(self, abort: AbortFlag) -> None:
        self.abort = abort
        self._jobs: deque[Message] = deque()
        self._current: Message | None = None
        self._cancelled: set[int] = set()
        self._changed = threading.Condition()

    def put(self, job: Message) -> None:
        """Add a job; a job in the background is aborted in favour of it."""
        with self._changed:
            self._jobs.append(job)
            if self._current is not None and _is_preempted(self._current, [job]):
                self.abort.set()
            self._changed.notify()

    def cancel(self, ids: list[int]) -> None:
        """Cancel these jobs: the current one at once, waiting ones when their turn comes."""
        with self._changed:
            if self._current is not None and self._current["id"] in ids:
                self.abort.set()
            self._cancelled.update(job["id"] for job in self._jobs if job["id"] in ids)

    def take(self) -> Message:
        """Wait for the next job; the flag is already set if the job was cancelled in the queue."""
        with self._changed:
            self._current = None
            while not self._jobs:
                self._changed.wait()
            job = self._jobs.popleft()
            self._current = job
            if job["id"] in self._cancelled or _is_preempted(job, self._jobs):
                self._cancelled.discard(job["id"])
                self.abort.set()
            else:
                self.abort.clear()
            return job


def _is_preempted(job: Message, others: Iterable[Message]) -> bool:
    """Whether a job that nobody waits for has to give way to one of the others."""
    return job["op"] in _PREEMPTIBLE and any(other["op"] != "background" for other in others)
