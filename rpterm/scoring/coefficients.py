"""The fitted coefficients of ``coefficients.json`` as records, read on first use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rpterm.scoring.combine import Term
from rpterm.scoring.resources import load_json


@dataclass(frozen=True, slots=True)
class Coefficients:
    """The tables that ``rpterm.bench.refit`` wrote.

    Attributes:
        version: Scores of different versions are not comparable.
        made: Provenance, for people: how the coefficients were fitted.
        fast: Terms of the live score without the language model.
        slow: Terms of the live score with the language model.
        drawn_fast, drawn_slow: Terms that pick a reply among candidates drawn from other dialogues.
        cast_fast, cast_slow: Terms that tell the voices of one novel apart.
        personas: Keys of the ConvAI2 personas in the training data.
        talks: Names of the LoCoMo conversations in the training data.
        novels: Names of the novels in the training data.
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


_TERM_TABLES = ("fast", "slow", "drawn_fast", "drawn_slow", "cast_fast", "cast_slow")
_FIELDS = {
    "weight": "weight", "middle": "center", "spread": "standard_error", "adds": "contribution_sd",
    "most": "bound", "group": "group",
}  # fmt: skip
"""Keys of an entry of ``coefficients.json``, with the fields of ``Term``."""


@lru_cache(maxsize=1)
def load_coefficients() -> Coefficients:
    """The coefficients this version of rpterm scores with."""
    table = load_json("coefficients.json")
    return Coefficients(
        version=str(table["version"]),
        made=str(table["made"]),
        **{name: _terms(table[name]) for name in _TERM_TABLES},
        personas=frozenset(table["personas"]),
        talks=frozenset(table["talks"]),
        novels=frozenset(table["novels"]),
    )


def _terms(table: Mapping[str, Any]) -> dict[str, Term]:
    return {
        name: Term(**{_FIELDS[key]: value for key, value in entry.items()})
        for name, entry in table.items()
    }


def to_table(terms: Mapping[str, Term]) -> dict[str, dict[str, Any]]:
    """Terms as a table of ``coefficients.json``."""
    return {
        name: {key: getattr(term, field) for key, field in _FIELDS.items()}
        for name, term in terms.items()
    }
