"""Check one card: the reader's errors, or else what the linter would have better."""

from __future__ import annotations

from pathlib import Path

from rpterm.cards import reader
from rpterm.cards.lint import lint
from rpterm.cards.problems import CardError, Problem


def problems(path: Path) -> list[Problem]:
    """Everything that is wrong with a card's file, or could be better."""
    try:
        text = reader.read_text(path)
        card = reader.parse(text, str(path))
    except CardError as error:
        return list(error.problems)
    return lint(card, text=text, origin=str(path))
