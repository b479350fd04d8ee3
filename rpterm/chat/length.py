"""How long a character's replies usually are, told from the card alone. Knows no tokenizer."""

from __future__ import annotations

from rpterm.cards.card import CharacterCard

_TOKENS_A_WORD = 1.4
"""Of English prose with quotes and asterisks, in the vocabularies of today's models."""
_LEAST = 80
_UNKNOWN = 160


def usual_length(card: CharacterCard) -> int:
    """About as many tokens as the longest line of the card's example dialogues has.

    The greetings do not count: they set a scene, and are longer than what follows.
    """
    words = [
        len(text.split())
        for example in card.examples
        for role, text in example.dialogue
        if role == "char"
    ]
    return max(_LEAST, round(max(words) * _TOKENS_A_WORD)) if words else _UNKNOWN
