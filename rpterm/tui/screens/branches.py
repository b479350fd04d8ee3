"""The branches of a chat as a tree: one line for each stretch without a fork."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    """

    first: Turn
    last: Turn
    length: int
    drawing: str
    shown: bool
    ends: bool


class BranchesScreen(Chooser):
    """Go to a branch."""

    DEFAULT_CSS = """
    BranchesScreen #box { width: 104; }
    """

    def __init__(self, tree: Sequence[Turn], leaf_id: int | None) -> None:
        stretches = list(stretches_of(tree, leaf_id))
        here = next((s for s in reversed(stretches) if s.shown), None)
        super().__init__(
            "Branches", [_choice(stretch) for stretch in stretches],
            marked=str(here.last.id) if here else "", empty="Nothing was said yet.",
        )  # fmt: skip


def _choice(stretch: Stretch) -> Choice:
    turns = counted(stretch.length, "turn")
    right = f"{turns} · {ago(stretch.last.created_at)}" if stretch.ends else turns
    title = f"{stretch.first.speaker}: {text.one_line(stretch.first.text, 120)}"
    mark = "━ " if stretch.shown else "─ "
    return Choice(str(stretch.last.id), title, right=right, indent=stretch.drawing + mark)


def stretches_of(tree: Sequence[Turn], leaf_id: int | None) -> Iterator[Stretch]:
    """The stretches of a tree, a parent before its children, older forks first."""
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
        last, length = first, 1
        while len(below[last.id]) == 1:
            last, length = below[last.id][0], length + 1
        forks = below[last.id]
        # One may have gone back to the middle of it.
        yield Stretch(first, last, length, drawing, first.id in shown, not forks)
        for index, fork in enumerate(reversed(forks)):
            ends = index == 0
            stack.append((fork, under + ("└" if ends else "├"), under + ("  " if ends else "│ ")))
