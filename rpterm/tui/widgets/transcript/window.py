"""Which of the turns on screen stay when the branch shown changes. Pure; knows no widget."""

from __future__ import annotations

from collections.abc import Sequence

from rpterm.types import Turn


def kept_before(shown: Sequence[Turn], tail: Sequence[Turn]) -> int:
    """How many of the turns on screen stand above a new tail of the path.

    The new tail is the end of a path; what was loaded above its first turn stays when that turn,
    or a sibling of it, is on screen already.

    Args:
        shown: The turns on screen, oldest first.
        tail: The last turns of the path as it is now.

    Returns:
        An index into ``shown``; 0 where nothing fits and all must be replaced.
    """
    if not tail:
        return 0
    first = tail[0]
    for index in range(len(shown) - 1, -1, -1):
        turn = shown[index]
        if turn.id == first.id or (
            first.parent_id is not None and turn.parent_id == first.parent_id
        ):
            return index
    if shown and first.parent_id == shown[-1].id:
        return len(shown)
    return 0
