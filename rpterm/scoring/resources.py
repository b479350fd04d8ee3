"""Reads the TOML and JSON tables that ship inside the package, each once, on first use."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def load_toml(name: str, package: str = "rpterm.scoring") -> dict[str, Any]:
    """A TOML file of a package. The result is shared: do not change it."""
    return tomllib.loads(_text(name, package))


@cache
def load_json(name: str) -> dict[str, Any]:
    """A JSON file of ``rpterm.scoring``. The result is shared: do not change it."""
    table: dict[str, Any] = json.loads(_text(name, "rpterm.scoring"))
    return table


def _text(name: str, package: str) -> str:
    return files(package).joinpath(name).read_text("utf-8")
