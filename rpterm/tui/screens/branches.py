"""The branches of a chat as a tree: one line for each stretch without a fork.

Swipes that nobody went on from are counted at their turn; a key shows them all as lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rpterm.chat.branches import played
from rpterm.plural import counted
from rpterm.tui import text
from rpterm.tui.screens.chats import ago
from rpterm.tui.screens.chooser import Choice, Chooser
from rpterm.types import Turn


@dataclass(frozen=True, slots=True)
class Stretch:
    """Turns in a row with no fork between them.

    Attributes:
        drawing: The lines of the tree before it.
        shown: Whether the chat shows it now.
        ends: Whether nothing follows it.
        swipes: How many swipes of its turns are no lines of their own.
    """

    first: Turn
    last: Turn
    length: int
    drawing: str
    shown: bool
    ends: bool
    swipes: int = 0


class BranchesScreen(Chooser):
    """Go to a branch."""

    DEFAULT_CSS = """
    BranchesScreen #box { width: 104; }
    """

    def __init__(
        self, tree: Sequence[Turn], leaf_id: int | None, overrides: Mapping[str, str] | None = None
    ) -> None:
        self._tree, self._leaf = tree, leaf_id
        kept, left_out = played(tree, leaf_id)
        stretches = list(stretches_of(kept, leaf_id, left_out))
        here = next((s for s in reversed(stretches) if s.shown), None)
        super().__init__(
            "Branches", [_choice(stretch) for stretch in stretches],
            marked=str(here.last.id) if here else "", empty="Nothing was said yet.",
            actions=("list-all",) if left_out else (), overrides=overrides,
        )  # fmt: skip
        self._all = False

    def action_command(self, name: str) -> None:
        if name == "list-all":
            self.run_worker(self._turn_over())
        else:
            super().action_command(name)

    async def _turn_over(self) -> None:
        """Show every swipe as a line, or those that were gone on from alone."""
        self._all = not self._all
        kept, left_out = (self._tree, {}) if self._all else played(self._tree, self._leaf)
        self._choices = [_choice(each) for each in stretches_of(kept, self._leaf, left_out)]
        await self.narrow()


def _choice(stretch: Stretch) -> Choice:
    parts = [counted(stretch.length, "turn")]
    if stretch.swipes:
        parts.append(f"+{counted(stretch.swipes, 'swipe')}")
    if stretch.ends:
        parts.append(ago(stretch.last.created_at))
    title = f"{stretch.first.speaker}: {text.one_line(stretch.first.text, 120)}"
    mark = "━ " if stretch.shown else "─ "
    right = " · ".join(parts)
    return Choice(str(stretch.last.id), title, right=right, indent=stretch.drawing + mark)


def stretches_of(
    tree: Sequence[Turn], leaf_id: int | None, left_out: Mapping[int, int] | None = None
) -> Iterator[Stretch]:
    """The stretches of a tree, a parent before its children, older forks first.

    Args:
        left_out: Turn → how many swipes beside it are not in the tree.
    """
    beside = left_out or {}
    below: dict[int | None, list[Turn]] = defaultdict(list)
    parents = {turn.id: turn.parent_id for turn in tree}
    for turn in tree:
        below[turn.parent_id].append(turn)
    shown = set()
    while leaf_id is not None and leaf_id in parents:
        shown.add(leaf_id)
        leaf_id = parents[leaf_id]
    stack = [(turn, "", "") for turn in reversed(below[None])]
    if len(below[None]) > 1:
        stack = [
            (turn, "└" if index == 0 else "├", "  " if index == 0 else "│ ")
            for index, turn in enumerate(reversed(below[None]))
        ]
    while stack:
        first, drawing, under = stack.pop()
        last, length, swipes = first, 1, beside.get(first.id, 0)
        while len(below[last.id]) == 1:
            last, length = below[last.id][0], length + 1
            swipes += beside.get(last.id, 0)
        forks = below[last.id]
        # One may have gone back to the middle of it.
        yield Stretch(first, last, length, drawing, first.id in shown, not forks, swipes)
        for index, fork in enumerate(reversed(forks)):
            ends = index == 0
            stack.append((fork, under + ("└" if ends else "├"), under + ("  " if ends else "│ ")))
