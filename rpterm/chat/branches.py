"""Which turns tell the branches of a chat apart: pure functions on its tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rpterm.types import Turn


def played(tree: Sequence[Turn], leaf_id: int | None) -> tuple[list[Turn], dict[int, int]]:
    """The tree without the swipes that nobody went on from.

    Of several versions of a turn those stay that something follows or that are shown; where there
    is none, the newest one.

    Args:
        tree: Every turn of a chat, oldest first.
        leaf_id: The end of the branch shown.

    Returns:
        The turns that stay, and turn id → how many swipes were left out beside it.
    """
    followed = {turn.parent_id for turn in tree} | {leaf_id}
    versions: dict[int | None, list[Turn]] = defaultdict(list)
    for turn in tree:
        versions[turn.parent_id].append(turn)
    kept: dict[int, int] = {}
    for beside in versions.values():
        stay = [turn for turn in beside if turn.id in followed] or beside[-1:]
        kept |= dict.fromkeys((turn.id for turn in stay), 0)
        kept[stay[-1].id] = len(beside) - len(stay)
    return [turn for turn in tree if turn.id in kept], {k: n for k, n in kept.items() if n}


def ends(tree: Sequence[Turn]) -> list[Turn]:
    """The turns that nothing follows, newest first."""
    followed = {turn.parent_id for turn in tree}
    return [turn for turn in reversed(tree) if turn.id not in followed]
