"""Several candidate replies side by side while they are generated, to choose or judge one.

It is given the text of each one and posts which one was chosen. Knows no model and no turn tree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual import events
from textual.containers import Grid
from textual.message import Message
from textual.widgets import Static

from rpterm.humanize import counted
from rpterm.tui import markup
from rpterm.types import Turn

NARROWEST, NARROWEST_PAIR = 38, 30
"""Cells a candidate needs to be shown next to others, or next to the one it is compared with."""
SIDES = ("← left", "right →")
"""The titles of blind candidates: the keys that judge them."""
COMPARISON = ("with examples", "without examples")


class Candidate(Static):
    """One candidate reply."""

    DEFAULT_CSS = """
    Candidate {
        height: auto;
        padding: 0 1;
        border: round $panel;
        border-title-color: $text-muted;
        border-subtitle-color: $text-muted;
        &.-marked { border: round $accent; border-title-color: $text-accent; }
    }
    """

    def __init__(self, index: int, turn: Turn, title: str) -> None:
        super().__init__("…", markup=False)
        self.index, self.turn, self._title = index, turn, title
        self.border_title = title

    def grow(self, full_text: str, tokens: int, *, live: bool) -> None:
        """Show its text so far; ``live`` while it is still growing."""
        marks = bool(self.app.no_color)
        content = markup.roleplay(full_text, streaming=live, marks=marks)
        self.update(content + "▍" if live else content)
        if tokens:
            self.border_subtitle = counted(tokens, "token") + ("" if live else " ✓")

    def mark(self, marked: bool) -> None:
        """Show whether it is the one that Enter chooses."""
        self.set_class(marked, "-marked")
        self.border_title = f"▸ {self._title}" if marked else self._title


class Candidates(Grid):
    """All candidates, as many in a row as the width allows.

    Attributes:
        blind: Whether they must stay anonymous: none is marked, and no token count tells them
            apart.
        compares: Whether they are versions to compare, of which none needs to be kept.
        columns: How many are side by side.
    """

    DEFAULT_CSS = """
    Candidates { height: auto; grid-gutter: 0 1; grid-rows: auto; padding: 0 2 1 1; }
    """

    @dataclass(eq=False)
    class Chosen(Message):
        """A candidate was chosen."""

        turn: Turn

    def __init__(
        self, turns: Sequence[Turn], titles: Sequence[str] = (), order: Sequence[int] = ()
    ) -> None:
        """Create the view.

        Args:
            turns: The replies, in the order of their candidate indices.
            titles: ``SIDES`` or ``COMPARISON`` for two that are of use only together; else numbers.
            order: The indices of the turns in the order on screen, if it differs.
        """
        self._order = list(order or range(len(turns)))
        self._paired = bool(titles)
        self.blind, self.compares = titles == SIDES, titles == COMPARISON
        shown = titles or [str(number) for number in range(1, len(turns) + 1)]
        self._all = [
            Candidate(index, turn, shown[self._order.index(index)])
            for index, turn in enumerate(turns)
        ]
        super().__init__(*(self._all[index] for index in self._order))
        self._marked = 0
        self.columns = 1
        self._tokens: dict[int, int] = {}
        self._with_text: set[int] = set()

    @property
    def turns(self) -> list[Turn]:
        """The turns of all candidates, in their current state."""
        return [each.turn for each in self._all]

    @property
    def sides(self) -> list[Turn]:
        """The turns in the order on screen."""
        return [self._all[index].turn for index in self._order]

    @property
    def marked(self) -> Turn:
        """The turn that Enter chooses."""
        return self._all[self._marked].turn

    def on_mount(self) -> None:
        for index, turn in enumerate(self.turns):
            if turn.text:
                self.finish(index, turn, 0)
        self.mark_at(0)

    def on_resize(self, event: events.Resize) -> None:
        narrowest = NARROWEST_PAIR if self._paired else NARROWEST
        columns = max(1, min(len(self._all), event.size.width // narrowest))
        self.columns = 2 if columns == 3 and len(self._all) == 4 else columns
        self.styles.grid_size_columns = self.columns

    def grow(self, texts: Mapping[int, str], tokens: Mapping[int, int]) -> None:
        """Show the texts so far, by the index of their candidate."""
        self._with_text.update(texts)
        for index, full_text in texts.items():
            self._tokens[index] = 0 if self.blind else tokens.get(index, 0)
            self._all[index].grow(full_text, self._tokens[index], live=True)

    def finish(self, index: int, turn: Turn, tokens: int) -> None:
        """Show a candidate that is complete."""
        self._with_text.add(index)
        self._all[index].turn = turn
        counted_tokens = 0 if self.blind else tokens or self._tokens.get(index, 0)
        self._all[index].grow(turn.text, counted_tokens, live=False)

    def finish_all(self) -> bool:
        """Remove candidates without text once generation has ended; whether any can be chosen."""
        left = [each for each in self._all if each.index in self._with_text]
        if not left or (self._paired and len(left) < len(self._all)):
            return False
        marked = self._all[self._marked]
        for each in self._all:
            if each not in left:
                each.remove()
        self._all, self._marked = left, 0
        self.mark_at(left.index(marked) if marked in left else 0)
        return True

    def scroll_to_marked(self) -> None:
        """Show the marked candidate and what is below it; the first one if the choice is blind."""
        target = self if self.blind else self._all[self._marked]
        self.call_after_refresh(target.scroll_visible, animate=False, top=True)

    def move(self, by: int) -> None:
        """Move the mark by so many candidates and scroll to the marked one."""
        if self.blind:
            return
        self.mark_at(max(0, min(len(self._all) - 1, self._marked + by)))
        self._all[self._marked].scroll_visible(animate=False)

    def mark_at(self, index: int) -> None:
        """Mark the candidate at ``index``, if it exists."""
        if 0 <= index < len(self._all):
            self._all[self._marked].mark(False)
            self._marked = index
            self._all[index].mark(not self.blind)

    def on_click(self, event: events.Click) -> None:
        """Choose the clicked candidate, unless it was removed in the meantime."""
        event.stop()
        if isinstance(event.widget, Candidate) and event.widget in self._all:
            self.mark_at(self._all.index(event.widget))
            self.post_message(self.Chosen(self.marked))
