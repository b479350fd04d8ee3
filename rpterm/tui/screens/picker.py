"""The dialog to choose a character: the user's own cards first, then those of rpterm."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from textual.widgets import Static

from rpterm.tui.screens.chooser import Choice, Chooser


class CharacterPicker(Chooser):
    """Reads the cards in a thread, so that the dialog opens at once."""

    def __init__(self, heading: str = "Characters") -> None:
        super().__init__(heading, [], empty="Looking for characters…")

    def on_mount(self) -> None:
        super().on_mount()
        self.run_worker(self._read())

    async def _read(self) -> None:
        self._choices = list(await asyncio.to_thread(choices))
        self.query_one("#none", Static).update("No character matches.")
        await self.narrow()


def choices() -> Sequence[Choice]:
    """All cards that are found, as choices."""
    from rpterm import paths
    from rpterm.cards import library

    found = library.summaries(library.card_folders(paths.find().characters))
    names = Counter(card.name for card in found)
    return [
        Choice(
            str(card.path), card.name, f"✗ {card.error}" if card.error else card.about,
            right=card.key if names[card.name] > 1 else "",
        )
        for card in found
    ]  # fmt: skip
