"""What the commands that score replies need: this installation's scorer, and cards as contrast."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm import paths
from rpterm.cards.card import CharacterCard
from rpterm.cli.card_source import load_card
from rpterm.cli.user_files import card_folders, load_settings

if TYPE_CHECKING:
    from rpterm.scoring.scorer import Scorer

Contrast = Callable[[CharacterCard], tuple[CharacterCard, ...]]
"""Finds the characters that one is contrasted with."""


@contextmanager
def running_scorer(*, slow: bool = True) -> Iterator[Scorer]:
    """The scorer of this installation, closed at the end of the block."""
    from rpterm.startup.launch import Launch

    settings = load_settings()
    scoring = replace(settings.scoring, slow=slow)
    with closing(Launch(replace(settings, scoring=scoring), paths.find(), polite=False)) as launch:
        yield launch.scorer()


def choose_contrast(against: Sequence[str] | None = None) -> Contrast:
    """Which cards each character is contrasted with.

    Among all cards, those of the same name are versions of the character itself. A card that the
    user names is taken although it has that name, unless it is the very same card.
    """
    if against:
        named = [load_card(name) for name in against]
        return lambda mine: tuple(card for card in named if card != mine)
    from rpterm.cards import library

    cards = [each.card for each in library.summaries(card_folders()) if each.card is not None]
    return lambda mine: tuple(
        card for card in cards if card.name.casefold() != mine.name.casefold()
    )
