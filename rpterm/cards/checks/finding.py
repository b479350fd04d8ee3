"""A lint finding before it has a file and a line, and the texts of a card that checks look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rpterm.cards.card import CharacterCard
from rpterm.cards.format.locate import Path
from rpterm.cards.problems import Severity


class CardFinding(NamedTuple):
    """Where it is in the card's TOML, how severe, what is wrong, and what to do."""

    path: Path
    severity: Severity
    message: str
    remedy: str = ""


def claims(card: CharacterCard) -> Iterator[tuple[Path, str]]:
    """The lines that each make one claim."""
    for table, field in (("persona", "attributes"), ("persona", "relations"),
                         ("persona", "style"), ("", "limits")):  # fmt: skip
        head: Path = (table, field) if table else (field,)
        for index, line in enumerate(getattr(card, field)):
            yield (*head, index), line


def prose(card: CharacterCard) -> Iterator[tuple[Path, str]]:
    """Every text of the card that the model may read, including lore."""
    for field in ("description", "scenario", "system_prompt", "post_history_instructions"):
        yield (field,), getattr(card, field)
    yield ("user", "description"), card.user_description
    yield from claims(card)
    for field in ("greetings", "group_greetings"):
        for index, text in enumerate(getattr(card, field)):
            yield (field, index), text
    for index, example in enumerate(card.examples):
        for role, text in example.dialogue:
            yield ("examples", index, role), text
    for index, entry in enumerate(card.lorebook.entries):
        yield ("lore", index, "content"), entry.content
