"""What of a cache can serve a prompt: pure arithmetic on token lists.

Two numbers describe a cache: its tokens, and how many of them, from the start, are *exact*, that
is, hold bit for bit what a fresh evaluation would put there (``kv`` says when that is so).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MIN_BATCH = 2
"""Fewest tokens in a batch whose result does not depend on how the prompt was cut."""
_PROBE = 16
"""A run of equal tokens this long tells that a part in the middle was removed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to keep of a cache.

    Attributes:
        keep: The first tokens of the prompt that need no evaluation.
        cut: Cells ``[begin, end)`` of the old cache to remove from its middle, with the rest moved
            up; ``None`` where there is nothing to remove.
    """

    keep: int
    cut: tuple[int, int] | None = None


def common_prefix(old: Sequence[int], new: Sequence[int]) -> int:
    """Length of the common beginning."""
    limit = min(len(old), len(new))
    at = 0
    while at < limit and old[at] == new[at]:
        at += 1
    return at


def plan_prompt(
    cached: Sequence[int], exact: int, prompt: Sequence[int], mode: Literal["exact", "shift"]
) -> Plan:
    """What a generation after ``prompt`` can reuse; its last two tokens are always evaluated."""
    most = max(0, len(prompt) - MIN_BATCH)
    common = common_prefix(cached, prompt)
    if mode == "exact":
        return Plan(min(common, exact, most))
    cut = _removed_middle(cached, prompt, common)
    if cut is None:
        return Plan(min(common, most))
    moved = common_prefix(cached[cut[1] :], prompt[common:])
    return Plan(min(common + moved, most), cut)


def plan_settle(cached: Sequence[int], exact: int, ids: Sequence[int]) -> Plan:
    """What can stay when the cache must hold exactly ``ids``; never leaves one single token."""
    keep = min(common_prefix(cached, ids), exact)
    if len(ids) - keep == 1:
        keep = max(0, len(ids) - MIN_BATCH)
    return Plan(keep)


def _removed_middle(old: Sequence[int], new: Sequence[int], common: int) -> tuple[int, int] | None:
    """Where ``old`` has a part that ``new`` lacks, if what follows it is in both."""
    probe = list(new[common : common + _PROBE])
    if len(probe) < _PROBE:
        return None
    best: tuple[int, int] | None = None
    longest = 0
    for at in range(common + 1, len(old) - _PROBE + 1):
        if old[at] == probe[0] and list(old[at : at + _PROBE]) == probe:
            length = common_prefix(old[at:], new[common:])
            if length > longest:
                best, longest = (common, at), length
    return best


def next_chunk(left: int, chunk: int) -> int:
    """How many of ``left`` tokens to evaluate next, so that never a single one is left over."""
    if left <= chunk:
        return left
    return chunk - 1 if left - chunk == 1 else chunk


def fit_chunk(tokens: int, seconds: float, largest: int) -> int:
    """A chunk that takes about a tenth of a second, after one of ``tokens`` took ``seconds``."""
    wanted = int(tokens / max(seconds, 1e-6) * 0.1) // 32 * 32
    return max(32, min(largest, wanted))
