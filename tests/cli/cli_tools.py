"""What the tests of the command line share: how a command ended, and reading until a text comes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

LIMIT_S = 60.0


@dataclass(frozen=True)
class Done:
    """How a command line ended."""

    code: int
    out: str
    err: str


Cli = Callable[..., Done]
Spawn = Callable[..., "subprocess.Popen[str]"]


def read_until(process: subprocess.Popen[str], text: str, limit: float = LIMIT_S) -> str:
    """Read standard output, character by character, until a text has come."""
    assert process.stdout is not None
    seen, end = "", time.monotonic() + limit
    while text not in seen and time.monotonic() < end:
        char = process.stdout.read(1)
        if not char:
            break
        seen += char
    assert text in seen, seen
    return seen
