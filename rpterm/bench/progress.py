"""How a benchmark reports its progress."""

from __future__ import annotations

from collections.abc import Callable

ReportProgress = Callable[[int, int], None]
"""Takes the steps done and the total."""
