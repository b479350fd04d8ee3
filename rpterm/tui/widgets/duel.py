"""Two blind replies side by side. Shows the texts it is given; knows no verdict and no tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import events

from rpterm.tui.widgets.candidates import Candidate, Candidates
from rpterm.types import Turn

_SIDES = ("← left", "right →")


class BlindCandidate(Candidate):
    """One of the two replies; its frame shows the side and nothing else."""

    side = 0

    def grow(self, full_text: str, tokens: int, *, live: bool) -> None:
        """Show its text so far, without a token count, which could tell the two apart."""
        super().grow(full_text, 0, live=live)

    def mark(self, marked: bool) -> None:
        """Show only the side: nothing is ever marked, because the keys name the sides."""
        self.border_title = _SIDES[self.side]


class DuelView(Candidates):
    """Both replies, side by side as soon as the width allows readable lines."""

    kind = BlindCandidate
    narrowest = 30
    blind = True
    usable_alone = False

    def __init__(self, turns: Sequence[Turn], order: Sequence[int]) -> None:
        """``order`` holds the index of the turn on the left and of the one on the right."""
        self.order = tuple(order)
        super().__init__(turns, order)
        for side, index in enumerate(self.order):
            blind = self._all[index]
            assert isinstance(blind, BlindCandidate)
            blind.side = side
            blind.mark(False)

    def on_mount(self) -> None:
        for index, turn in enumerate(self.turns):
            if turn.text:
                self.finish(index, turn, 0)

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.set_class(self.columns == 1, "-stacked")

    @property
    def sides(self) -> tuple[Turn, Turn]:
        """The turn on the left (or above) and the one on the right (or below)."""
        left, right = (self._all[index].turn for index in self.order)
        return left, right

    def move(self, by: int) -> None:
        """Do nothing: there is no mark to move."""

    def grow(self, texts: Mapping[int, str], tokens: Mapping[int, int]) -> None:
        super().grow(texts, {})
