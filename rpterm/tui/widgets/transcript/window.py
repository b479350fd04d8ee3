"""Which of the loaded turns stay when the transcript shows another branch. Knows no widget."""

from __future__ import annotations

from collections.abc import Sequence

from rpterm.types import Turn


def kept_before(shown: Sequence[Turn], tail: Sequence[Turn]) -> int:
    """How many of the loaded turns stay above a new tail of the path.

    Turns above the first one of the tail stay if that turn, or a sibling of it, is already loaded.

    Args:
        shown: The loaded turns, oldest first.
        tail: The last turns of the new path.

    Returns:
        An index into ``shown``; 0 if nothing matches and all turns must be replaced.
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
