"""A store for every test, and a table laid in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rating_support import Table

from rpterm.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "rp.db") as opened:
        yield opened


@pytest.fixture
def table(store: Store) -> Table:
    return Table(store)
