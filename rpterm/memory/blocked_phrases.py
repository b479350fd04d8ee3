"""Phrases the user never wants mentioned, and which memories contain one. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from rpterm.memory.indexing.words import terms


class BlockedPhrases:
    """Blocked phrases, prepared for matching.

    A text contains a phrase when the phrase's terms stand next to each other in it. So "my
    ex-husband" also blocks "the ex-husbands", and a phrase made of stop words alone blocks nothing.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = [phrase_terms for phrase in phrases if (phrase_terms := terms(phrase))]

    def __bool__(self) -> bool:
        return bool(self._phrases)

    def occur_in(self, text: str) -> bool:
        """Whether the text contains any of the phrases."""
        text_terms = terms(text)
        return any(_is_run_of(phrase, text_terms) for phrase in self._phrases)


def _is_run_of(phrase: tuple[str, ...], text: tuple[str, ...]) -> bool:
    length = len(phrase)
    return any(text[at : at + length] == phrase for at in range(len(text) - length + 1))
