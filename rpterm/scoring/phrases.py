"""Lists of phrases that ship beside this file, as patterns. Read when first asked for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Any


@lru_cache(maxsize=8)
def table(name: str) -> dict[str, Any]:
    """A TOML file of this folder."""
    found: dict[str, Any] = tomllib.loads(files("rpterm.scoring").joinpath(name).read_text("utf-8"))
    return found


def any_of(phrases: Iterable[str], before: str = r"\b", after: str = r"\b") -> re.Pattern[str]:
    """A pattern that finds any of them, each a regular expression, whatever the case."""
    return re.compile(f"{before}(?:{'|'.join(phrases)}){after}", re.IGNORECASE)
