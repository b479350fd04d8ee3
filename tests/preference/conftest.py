"""A store for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from preference_support import Scene

from rpterm.store import Store


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with Store(tmp_path / "rp.db") as store:
        yield Scene(store)
