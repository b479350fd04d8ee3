"""Handles a terminal that disappears without a signal: a lost connection or a killed window.

Every read then returns at once and every write fails: a program that waits for keys spins forever,
and one that draws waits forever on a writer thread that died of the error. ``hangup_safe`` makes a
driver whose output is discarded instead, and ``terminal_is_gone`` says that it is time to quit.
Does not know the app.
"""

from __future__ import annotations

import errno
import os
import select
import sys
from collections.abc import Callable
from typing import IO, Any

from textual.driver import Driver

CHECK_INTERVAL_S = 0.5
"""How often to check; between two checks the reader may spin."""
_HANGUP_ERRORS = (errno.EIO, errno.ENXIO, errno.EBADF, errno.EPIPE)


def terminal_is_gone() -> bool:
    """Whether the terminal in which the program was started no longer exists."""
    if sys.__stdin__ is None or not hasattr(select, "poll"):
        return False
    try:
        poll = select.poll()
        # An empty event mask still reports a hang-up of the other side.
        poll.register(sys.__stdin__.fileno(), 0)
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))
    except (OSError, ValueError):
        return True


def hangup_safe(driver: type[Driver]) -> type[Driver]:
    """The driver, on Linux and macOS made to survive a terminal without a size, and its loss."""
    if os.name != "posix" or driver.__name__ != "LinuxDriver":
        return driver

    class HangupSafeDriver(driver):  # type: ignore[valid-type, misc]
        """Writes to the terminal as long as it exists."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            # Textual writes to standard error, which may be redirected to a file.
            stderr, stdout = sys.__stderr__, sys.__stdout__
            is_terminal = stderr is not None and stderr.isatty()
            self._file: Any = _Output(self._file if is_terminal or stdout is None else stdout)
            if kwargs.get("size") is None:
                # Of a terminal that tells no size, app and driver assume two, and in Textual 8.2.8
                # each screen then changes from one to the other for ever.
                self._size = self._get_terminal_size()

    return HangupSafeDriver


class _Output:
    """A terminal's output file that discards everything once the terminal is gone."""

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

    def _attempt(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError as error:
            if error.errno not in _HANGUP_ERRORS:
                raise
            self._lost = True
