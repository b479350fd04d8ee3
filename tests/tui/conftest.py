"""The stage most tests of the screen play on; a file that needs another one makes its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tui_support import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)
