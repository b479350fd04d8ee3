"""A thread that the program's end need not wait for while it waits itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOOK_S = 0.05


class BackgroundThread(threading.Thread):
    """A daemon thread that is left behind if it waits for an answer when it should end.

    Whoever ends it first sets a flag, which ``target`` checks after each ``waiting``: from then on
    it must not touch what its owner is about to close.
    """

    def __init__(self, target: Callable[[], object], name: str) -> None:
        super().__init__(target=target, name=name, daemon=True)
        self._is_waiting = False

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around a wait with nothing to lose: what it was for is done at the next start."""
        self._is_waiting = True
        try:
            yield
        finally:
            self._is_waiting = False

    def end(self, timeout: float = 5.0) -> None:
        """Wait until the thread has ended, or only waits."""
        deadline = time.monotonic() + timeout
        while self.is_alive() and not self._is_waiting and time.monotonic() < deadline:
            self.join(_LOOK_S)
