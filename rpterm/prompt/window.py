"""Decides which turns of a long chat are still in the context window.

When the window is full, the oldest quarter of whole turns is dropped at once, so that the prompt
stays append-only for many turns in between. The cut depends on the branch alone: it is computed by
replaying the chat from its first turn. So it needs no state, the same branch gives the same prompt
in every process, and a replay or a swipe cannot disagree with the first run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rpterm.types import Turn

KEEP_NUMERATOR, KEEP_DENOMINATOR = 3, 4
MARGIN = 8
"""One eighth of the budget stays free for the next message, so that turns are dropped after a
reply, while the user reads, and not between Enter and the first token."""


def visible_turns(turns: Iterable[Turn]) -> list[Turn]:
    """The turns that the user has not hidden from the model."""
    return [turn for turn in turns if not turn.hidden]


def first_kept(costs: Sequence[int], budget: int, *, pending: bool, cue: int = 0) -> int:
    """Find the first turn that the model still sees.

    Args:
        costs: Tokens of each turn with its template tokens, oldest first.
        budget: Tokens that all turns together may take.
        pending: Whether the last turn is new; it may then use the margin.
        cue: Tokens of a given beginning of the reply. It stands after the last turn, may use the
            margin too, and becomes part of the reply, so the cut between turns ignores it.

    Returns:
        An index into ``costs``. The last turn is always kept, even if it does not fit: the caller
        checks the total.
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
    """Drop the oldest turns until three quarters of the budget are left; turn ``last`` stays."""
    target = budget * KEEP_NUMERATOR // KEEP_DENOMINATOR
    while start < last and total > target:
        total -= costs[start]
        start += 1
    return start, total
