"""Reduces the tree of a chat to what its list of branches shows. Pure functions on turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rpterm.types import Turn


def without_unused_swipes(
    tree: Sequence[Turn], leaf_id: int | None
) -> tuple[list[Turn], dict[int, int]]:
    """Leave out the swipes that nothing follows.

    Of the versions of a turn, those that have a child or end the shown branch are kept; if there
    is none, the newest version is kept.

    Args:
        tree: Every turn of a chat, oldest first.
        leaf_id: The last turn of the branch that is shown.

    Returns:
        The turns that are kept, and the number of swipes left out next to each, by turn id.
    """
    continued = {turn.parent_id for turn in tree} | {leaf_id}
    versions: dict[int | None, list[Turn]] = defaultdict(list)
    for turn in tree:
        versions[turn.parent_id].append(turn)
    left_out: dict[int, int] = {}
    for siblings in versions.values():
        kept = [turn for turn in siblings if turn.id in continued] or siblings[-1:]
        left_out |= dict.fromkeys((turn.id for turn in kept), 0)
        left_out[kept[-1].id] = len(siblings) - len(kept)
    return [turn for turn in tree if turn.id in left_out], {k: n for k, n in left_out.items() if n}


def leaves(tree: Sequence[Turn]) -> list[Turn]:
    """The leaves of the tree, newest first."""
    parents = {turn.parent_id for turn in tree}
    return [turn for turn in reversed(tree) if turn.id not in parents]
