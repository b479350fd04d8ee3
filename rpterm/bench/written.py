"""What was written for the benchmarks: TOML files beside them."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def read_table(name: str) -> dict[str, Any]:
    """A file by its name."""
    return tomllib.loads(files("rpterm.bench").joinpath(name).read_text("utf-8"))
