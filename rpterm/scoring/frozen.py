"""The fitted numbers of ``coefficients.json``, as records. Read when first asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from rpterm.scoring.combine import Term


@dataclass(frozen=True, slots=True)
class Frozen:
    """What ``rpterm.bench.refit`` wrote.

    Attributes:
        fast: Terms of a reply made for its talk while the language model was not asked.
        slow: Terms with it.
        drawn_fast, drawn_slow: For a line among lines drawn from other talks.
        cast_fast, cast_slow: For a line of a novel against the voices of that novel.
        made: How they were made, for people.
        personas: Keys of the ConvAI2 personas they were fitted on.
        talks: Names of the conversations of LoCoMo they were fitted on.
        novels: Names of the novels they were fitted on.
    """

    version: str
    made: str
    fast: Mapping[str, Term]
    slow: Mapping[str, Term]
    drawn_fast: Mapping[str, Term]
    drawn_slow: Mapping[str, Term]
    cast_fast: Mapping[str, Term]
    cast_slow: Mapping[str, Term]
    personas: frozenset[str]
    talks: frozenset[str]
    novels: frozenset[str]


_PARTS = ("fast", "slow", "drawn_fast", "drawn_slow", "cast_fast", "cast_slow")


@lru_cache(maxsize=1)
def frozen() -> Frozen:
    """The numbers that this version of rpterm scores with."""
    text = files("rpterm.scoring").joinpath("coefficients.json").read_text("utf-8")
    return thaw(json.loads(text))


def thaw(table: Mapping[str, Any]) -> Frozen:
    """The record of a table."""
    return Frozen(
        version=str(table["version"]),
        made=str(table["made"]),
        **{part: _terms(table[part]) for part in _PARTS},
        personas=frozenset(table["personas"]),
        talks=frozenset(table["talks"]),
        novels=frozenset(table["novels"]),
    )


def _terms(part: Mapping[str, Any]) -> dict[str, Term]:
    return {name: Term(**values) for name, values in part.items()}
