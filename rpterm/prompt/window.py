"""Which turns of a long chat are still in the window.

When the window is full the oldest quarter of whole turns leaves at once, so that the prompt stays
append-only for many turns in between. The cut is a function of the branch alone: it replays the
chat from its first turn. So it needs no memory of its own, the same branch gives the same prompt
in every process, and a replay or a swipe cannot disagree with the first run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rpterm.types import Turn

KEEP_NUMERATOR, KEEP_DENOMINATOR = 3, 4
MARGIN = 8
"""One eighth of the budget stays free for the next message, so that the cut happens after a reply,
while the user reads, and not between Enter and the first token."""


def read_turns(turns: Iterable[Turn]) -> list[Turn]:
    """Those that the model may read: not what the user hid from it."""
    return [turn for turn in turns if not turn.hidden]


def first_kept(costs: Sequence[int], budget: int, *, pending: bool, cue: int = 0) -> int:
    """Find the first turn that is still shown to the model.

    Args:
        costs: Tokens of each turn, its share of the scaffold included, oldest first.
        budget: Tokens that all turns together may take.
        pending: Whether the last turn was only just added; then it may use the margin.
        cue: Tokens of the head that the reply begins with. It stands behind the last turn, may use
            the margin as well, and is gone once the reply is there, so no settled cut counts it.

    Returns:
        An index into ``costs``. The last turn is always kept, fit or not: whoever builds the
        prompt checks the sum.
    """
    settled = costs[:-1] if pending else costs
    start = total = 0
    for i, cost in enumerate(settled):
        total += cost
        if total > budget - budget // MARGIN:
            start, total = _shrink(costs, start, i, total, budget)
    total += cue + (costs[-1] if pending and costs else 0)
    if (pending or cue) and total > budget:
        start, _ = _shrink(costs, start, len(costs) - 1, total, budget)
    return start


def _shrink(
    costs: Sequence[int], start: int, last: int, total: int, budget: int
) -> tuple[int, int]:
    """Let the oldest turns go until three quarters are left; turn ``last`` stays."""
    keep = budget * KEEP_NUMERATOR // KEEP_DENOMINATOR
    while start < last and total > keep:
        total -= costs[start]
        start += 1
    return start, total
