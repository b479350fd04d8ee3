"""Data types for choosing examples. Does no work."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

from rpterm.cards.card import Example

Source = Literal["card", "starred", "mined"]
Place = Literal["pinned", "card", "turn", "out", "excluded"]


@dataclass(frozen=True, slots=True)
class Exemplar:
    """An exchange that could be used as an example.

    Attributes:
        key: Unchanged as long as its words are, so that a mark on it remains valid.
        number: Its number in the card, from 1; 0 for an exchange of a chat.
        turns: The turns it was made from; none for the card's own.
        quality: 0 to 1: its stars or its score; 1 for the card's own.
        chat_id: The chat it comes from; 0 for the card's own.
    """

    key: str
    source: Source
    example: Example
    number: int = 0
    turns: tuple[int, ...] = ()
    quality: float = 1.0
    chat_id: int = 0

    @property
    def span(self) -> str:
        """Its source name in the ledger of the prompt."""
        return f"example:{self.number or self.key}"

    @property
    def question(self) -> str:
        """What the user's side says."""
        return " ".join(text for who, text in self.example.dialogue if who == "user")

    @property
    def reply(self) -> str:
        """What the character says."""
        return " ".join(text for who, text in self.example.dialogue if who == "char")


@dataclass(frozen=True, slots=True)
class Ranked:
    """An exemplar compared with one turn; all numbers are 0 to 1.

    Attributes:
        meaning: How similar its question is to what was just said.
        voice: How much its answer sounds like the card's own lines.
        worth: Both combined, together with its quality.
    """

    exemplar: Exemplar
    meaning: float
    voice: float
    worth: float

    @property
    def why(self) -> str:
        """The reason shown in the ledger."""
        origin = {"card": "the card's", "starred": "you starred it", "mined": "it scored well"}
        return (
            f"{origin[self.exemplar.source]}; similarity to what was said {self.meaning:.2f}, "
            f"voice {self.voice:.2f}"
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the Examples pane.

    Attributes:
        place: ``pinned`` and always in the prompt; ``card``: always there because the card has it;
            ``turn``: for this turn; ``out`` for the reason in ``why``; or ``excluded`` by the user.
        order: Its number among those in the prompt, from 1; 0 for the others.
        meaning: ``None`` if nothing was compared.
    """

    exemplar: Exemplar
    place: Place
    tokens: int
    order: int
    meaning: float | None
    why: str


def card_key(example: Example) -> str:
    """The key of a card's example: a hash of its words, so that reordering changes nothing."""
    words = json.dumps(example.dialogue, ensure_ascii=True)
    return f"card:{hashlib.sha256(words.encode()).hexdigest()[:12]}"
