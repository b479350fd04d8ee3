"""Kills a process in the middle of its work."""

from __future__ import annotations

import subprocess
import sys


def run_and_kill(script: str, *arguments: str, lines: int) -> int:
    """Run a script, kill it after so many lines of output, and return how many it wrote."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        for _ in range(lines):
            assert process.stdout.readline()
        process.kill()
        return lines + len(process.stdout.read().split())
