"""What the commands that score replies need: this installation's scorer, and cards as contrast."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm import config
from rpterm.cards.card import CharacterCard
from rpterm.cli.card_source import load_card
from rpterm.paths import Paths

if TYPE_CHECKING:
    from rpterm.scoring.scorer import Scorer

Contrast = Callable[[CharacterCard], tuple[CharacterCard, ...]]
"""Finds the characters that one is contrasted with."""


@contextmanager
def running_scorer(paths: Paths, *, slow: bool = True) -> Iterator[Scorer]:
    """The scorer of this installation, closed at the end of the block."""
    from rpterm.startup.launch import Launch

    settings = config.load(paths.config_file, os.environ)
    scoring = replace(settings.scoring, slow=slow)
    launch = Launch(replace(settings, scoring=scoring), paths, polite=False)
    try:
        yield launch.scorer()
    finally:
        launch.close()


def other_cards(mine: CharacterCard, paths: Paths) -> tuple[CharacterCard, ...]:
    """The user's own cards and the shipped ones, except this character's."""
    return choose_contrast(paths)(mine)


def choose_contrast(paths: Paths, against: Sequence[str] | None = None) -> Contrast:
    """Which cards each character is contrasted with.

    Among all cards, those of the same name are versions of the character itself. A card that the
    user names is taken although it has that name, unless it is the very same card.
    """
    if against:
        named = [load_card(name) for name in against]
        return lambda mine: tuple(card for card in named if card != mine)
    cards = _all_cards(paths)
    return lambda mine: tuple(
        card for card in cards if card.name.casefold() != mine.name.casefold()
    )


def _all_cards(paths: Paths) -> list[CharacterCard]:
    from rpterm.cards import library

    found = library.summaries(library.card_folders(paths.characters))
    return [each.card for each in found if each.card is not None]
