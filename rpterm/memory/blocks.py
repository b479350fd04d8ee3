"""Phrases never to be mentioned: which memories hold one. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from rpterm.memory.words import terms


class Blocks:
    """Some phrases, ready to be looked for.

    A text holds a phrase when the phrase's terms stand in it in a row: so "my ex-husband" also
    keeps out "the ex-husbands", and a phrase of stop words alone blocks nothing.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self._wanted = [found for phrase in phrases if (found := terms(phrase))]

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def holds(self, text: str) -> bool:
        """Whether the text holds any of the phrases."""
        own = terms(text)
        return any(_within(wanted, own) for wanted in self._wanted)


def _within(wanted: tuple[str, ...], own: tuple[str, ...]) -> bool:
    length = len(wanted)
    return any(own[at : at + length] == wanted for at in range(len(own) - length + 1))
