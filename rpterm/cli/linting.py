"""Check one card: the linter where there is one, else the reader alone."""

from __future__ import annotations

from pathlib import Path

from rpterm.cards import reader
from rpterm.cards.problems import CardError, Problem


def problems(path: Path) -> list[Problem]:
    """Everything that is wrong with a card's file."""
    try:
        reader.load(path)
    except CardError as error:
        return list(error.problems)
    return []
