"""The dialog to choose a character, with the portrait of the marked one on a wide terminal."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Center
from textual.widgets import OptionList, Static

from rpterm.cards.library import CardSummary
from rpterm.tui.screens.chooser import Choice, Chooser
from rpterm.tui.widgets.portrait import COLUMNS, Portrait

WIDE, HIGH = 100, 28
"""The smallest terminal in which the portrait is shown, in cells."""


class CharacterPicker(Chooser):
    """Reads the cards in a thread, so that the dialog opens at once."""

    DEFAULT_CSS = """
    CharacterPicker {
        #side { display: none; dock: right; width: 25; margin: 4 0 0 0; }
        &.-wide #box { width: 106; min-height: 25; }
        &.-wide #side { display: block; }
    }
    """

    def __init__(
        self,
        heading: str = "Characters",
        *,
        marked: str = "",
        actions: Sequence[str] = (),
    ) -> None:
        super().__init__(
            heading, [], marked=marked, actions=actions, empty="Looking for characters…"
        )  # fmt: skip
        self._portraits: dict[str, Path] = {}

    def below(self) -> ComposeResult:
        with Center(id="side"):
            yield Portrait()

    def on_mount(self) -> None:
        super().on_mount()
        self.run_worker(self._read())

    async def _read(self) -> None:
        found = await asyncio.to_thread(_find_cards)
        self._choices = choices(found)
        self._portraits = {
            str(each.path): each.path.parent / each.card.portrait
            for each in found
            if each.card is not None and each.card.portrait
        }
        self.query_one("#none", Static).update("No character matches.")
        await self.narrow()

    @on(OptionList.OptionHighlighted)
    def marked(self, event: OptionList.OptionHighlighted) -> None:
        self.query_one(Portrait).show(self._portraits.get(event.option_id or ""))

    def on_resize(self) -> None:
        width, height = self.app.size
        has_colours = self.query_one(Portrait).has_colours
        pictured = width >= WIDE and height >= HIGH and has_colours
        self.width_beside = COLUMNS + 1 if pictured else 0
        self.set_class(pictured, "-wide")
        super().on_resize()


def choices(found: Sequence[CardSummary]) -> list[Choice]:
    """Cards as choices, which a search finds by their tags, too.

    Names that are not unique are shown with their files' names.
    """
    names = Counter(card.name for card in found)
    return [
        Choice(
            str(card.path), card.name, f"✗ {card.error}" if card.error else card.about,
            right=card.key if names[card.name] > 1 else "", unseen=" ".join(card.tags),
        )
        for card in found
    ]  # fmt: skip


def _find_cards() -> list[CardSummary]:
    from rpterm import paths
    from rpterm.cards import library

    return library.summaries(library.card_folders(paths.find().characters))
