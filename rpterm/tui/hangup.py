"""A terminal that vanishes: the connection broke, its window was killed, and no signal came.

Then every read ends at once and every write fails: a program that waits for keys spins for ever,
and one that paints waits for ever on a painter that died of the error. ``sturdy`` makes a driver
whose output goes nowhere instead, and ``gone`` says that it is time to leave. Knows no app.
"""

from __future__ import annotations

import errno
import os
import select
import sys
from typing import IO, Any

from textual.driver import Driver

EVERY_S = 0.5
"""How often to look; between two looks the reader may spin."""
_GONE = (errno.EIO, errno.ENXIO, errno.EBADF, errno.EPIPE)


def gone() -> bool:
    """Whether the terminal that the program was started in is no more."""
    if sys.__stdin__ is None or not hasattr(select, "poll"):
        return False
    try:
        poll = select.poll()
        # No event is asked for: that the other side hung up is told all the same.
        poll.register(sys.__stdin__.fileno(), 0)
        return any(what & (select.POLLHUP | select.POLLERR) for _, what in poll.poll(0))
    except (OSError, ValueError):
        return True


def sturdy(driver: type[Driver]) -> type[Driver]:
    """The same driver, for Linux and macOS made to survive its terminal."""
    if os.name != "posix" or driver.__name__ != "LinuxDriver":
        return driver

    class SturdyDriver(driver):  # type: ignore[valid-type, misc]
        """Writes to a terminal as long as there is one."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._file: Any = _Output(self._file)

    return SturdyDriver


class _Output:
    """A terminal's output; what is written to one that is gone is dropped."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._lost = False

    def write(self, text: str) -> int:
        if not self._lost:
            self._attempt(lambda: self._file.write(text))
        return len(text)

    def flush(self) -> None:
        if not self._lost:
            self._attempt(self._file.flush)

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()

    def _attempt(self, action: Any) -> None:
        try:
            action()
        except OSError as error:
            if error.errno not in _GONE:
                raise
            self._lost = True
