"""Reads the TOML files that ship with the benchmarks."""

from __future__ import annotations

from typing import Any

from rpterm.scoring.resources import load_toml


def read_table(name: str) -> dict[str, Any]:
    """A file of this package by its name. The result is shared: do not change it."""
    return load_toml(name, "rpterm.bench")
