"""The same turn generated with and without example dialogues, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from rpterm.tui.widgets.candidates import Candidate, Candidates
from rpterm.types import Turn

_TITLES = ("with examples", "without examples")


class ComparedCandidate(Candidate):
    """One of the two versions; its frame says which."""

    def mark(self, marked: bool) -> None:
        super().mark(marked)
        self.border_title = f"{'▸ ' if marked else ''}{_TITLES[self.index]}"


class ExampleComparison(Candidates):
    """Both versions; Enter takes the marked one into the chat, Esc takes neither."""

    kind = ComparedCandidate
    narrowest = 30
    usable_alone = False

    def __init__(self, turns: Sequence[Turn]) -> None:
        super().__init__(turns)
        for side in self._all[1:]:
            side.mark(False)
