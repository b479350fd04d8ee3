"""The dialog with the tree of branches: one line for each stretch of turns without a fork.

Swipes that nothing follows are only counted, next to their turn; a key shows all of them as lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rpterm.chat.branches import without_unused_swipes
from rpterm.humanize import counted
from rpterm.tui import text
from rpterm.tui.screens.chats import ago
from rpterm.tui.screens.chooser import Choice, Chooser
from rpterm.types import Turn


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive turns without a fork.

    Attributes:
        drawing: The tree lines drawn before it.
        shown: Whether it is on the branch that the chat shows.
        ends: Whether nothing follows it.
        swipes: How many swipes of its turns do not have a line of their own.
    """

    first: Turn
    last: Turn
    length: int
    drawing: str
    shown: bool
    ends: bool
    swipes: int = 0


class BranchesScreen(Chooser):
    """Choose a branch."""

    DEFAULT_CSS = """
    BranchesScreen #box { width: 104; }
    """

    def __init__(self, tree: Sequence[Turn], leaf_id: int | None) -> None:
        self._tree, self._leaf = tree, leaf_id
        kept, left_out = without_unused_swipes(tree, leaf_id)
        stretches = list(stretches_of(kept, leaf_id, left_out))
        current = next((s for s in reversed(stretches) if s.shown), None)
        super().__init__(
            "Branches", [_choice(stretch) for stretch in stretches],
            marked=str(current.last.id) if current else "", empty="Nothing was said yet.",
            actions=("list-all",) if left_out else (),
        )  # fmt: skip
        self._show_all = False

    def action_command(self, name: str) -> None:
        if name == "list-all":
            self.run_worker(self._toggle_all())
        else:
            super().action_command(name)

    async def _toggle_all(self) -> None:
        """Show every swipe as a line, or only those that something follows."""
        self._show_all = not self._show_all
        kept, left_out = (
            (self._tree, {}) if self._show_all else without_unused_swipes(self._tree, self._leaf)
        )
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
    """The stretches of a tree, parents before their children, older forks first.

    Args:
        left_out: Turn id → how many of its swipes are not in the tree.
    """
    swipes_left_out = left_out or {}
    children: dict[int | None, list[Turn]] = defaultdict(list)
    parents = {turn.id: turn.parent_id for turn in tree}
    for turn in tree:
        children[turn.parent_id].append(turn)
    shown = set()
    while leaf_id is not None and leaf_id in parents:
        shown.add(leaf_id)
        leaf_id = parents[leaf_id]
    roots = children[None]
    # Each entry: a turn, the drawing before its line, and the drawing before the lines below it.
    stack = _forked(roots, "") if len(roots) > 1 else [(root, "", "") for root in roots]
    while stack:
        first, drawing, indent = stack.pop()
        last, length, swipes = first, 1, swipes_left_out.get(first.id, 0)
        while len(children[last.id]) == 1:
            last, length = children[last.id][0], length + 1
            swipes += swipes_left_out.get(last.id, 0)
        forks = children[last.id]
        # The first turn decides: the shown branch may end in the middle of the stretch.
        yield Stretch(first, last, length, drawing, first.id in shown, not forks, swipes)
        stack += _forked(forks, indent)


def _forked(siblings: Sequence[Turn], indent: str) -> list[tuple[Turn, str, str]]:
    """Siblings as entries of the stack, the first one on top, drawn as the arms of a fork."""
    arms = [(turn, indent + "├", indent + "│ ") for turn in reversed(siblings)]
    if arms:
        arms[0] = (arms[0][0], indent + "└", indent + "  ")
    return arms
