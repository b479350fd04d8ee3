"""Bounds how long the memories and examples of one turn delay its reply. Pure.

They are evaluated anew in each turn, between Enter and the first word. On a machine that reads 30
tokens a second, their usual share of a window of 4,096 tokens takes twelve seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rpterm.prompt.static_block import Insert
from rpterm.types import LeftOut

WAIT_S = 3.0
"""How long they may delay a reply, in seconds."""
LEAST_TOKENS = 128
"""What they may take on any machine: the two or three best memories."""


def limit_wait(
    found: Sequence[Insert], tokens_per_s: float, count: Callable[[str], int]
) -> tuple[frozenset[str], tuple[LeftOut, ...]]:
    """Decide which inserts are worth the wait.

    Args:
        found: Inserts that would have to be evaluated, best first, without those that the user
            wants in any case. The first one is always kept.
        tokens_per_s: How fast the model evaluates a prompt; 0 if unknown, which keeps everything.
        count: Counts the tokens of a text.

    Returns:
        The sources of those of ``found`` to leave out, and their entries in the ledger.
    """
    if tokens_per_s <= 0:
        return frozenset(), ()
    room = max(WAIT_S * tokens_per_s, LEAST_TOKENS)
    left_out = []
    for place, insert in enumerate(found):
        tokens = count(insert.text)
        if place == 0 or tokens <= room:
            room -= tokens
            continue
        why = f"{insert.why}; {tokens / tokens_per_s:.1f} s more to wait"
        left_out.append(LeftOut(insert.source, insert.text, tokens, why))
    return frozenset(out.source for out in left_out), tuple(left_out)
