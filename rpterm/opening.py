"""Opens files that may be anything: a pipe that nobody writes to counts as empty.

Opening such a pipe would otherwise wait for ever, and one in a folder of cards would stop every
list of them.
"""

from __future__ import annotations

import os
from io import BufferedReader
from pathlib import Path


def open_without_waiting(path: Path) -> BufferedReader:
    """Open a file for reading; only the reading itself may wait, for somebody who writes.

    Raises:
        OSError: It cannot be opened.
    """
    return open(path, "rb", opener=_open)


def _open(name: str, flags: int) -> int:
    handle = os.open(name, flags | getattr(os, "O_NONBLOCK", 0))
    os.set_blocking(handle, True)
    return handle
