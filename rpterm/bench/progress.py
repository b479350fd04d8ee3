"""Runs a benchmark under a progress bar and prints its figures."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Callable
from typing import Any

ReportProgress = Callable[[int, int], None]
"""Reports progress: the steps done and the total."""


def run_with_progress(measure: Callable[[ReportProgress], dict[str, Any]], json: bool) -> None:
    """Run ``measure`` and print its figures; the progress bar goes to standard error."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("measuring", total=None)
        report = measure(lambda done, total: bar.update(task, completed=done, total=total))
    if json:
        sys.stdout.write(json_module.dumps(report, indent=2) + "\n")
        return
    for name, value in report.items():
        sys.stdout.write(f"{name:<28}{json_module.dumps(value)}\n")
