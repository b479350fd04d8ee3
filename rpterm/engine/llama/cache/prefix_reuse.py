"""How much of a cache can be reused for a prompt: pure arithmetic on token lists.

Two values describe a cache: its tokens, and how many of them, from the start, are *exact*, that is,
hold bit for bit what a fresh evaluation would put there (``kv`` explains when that is so).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MIN_BATCH = 2
"""Fewest tokens in a batch whose result does not depend on how the prompt was split."""
_PROBE = 16
"""An equal run of this many tokens shows that a part before it was removed."""
_CHUNK_S = 0.1
"""How long the evaluation of one chunk should take."""


@dataclass(frozen=True, slots=True)
class ReusePlan:
    """What to keep of a cache.

    Attributes:
        keep: How many tokens at the beginning of the prompt need no evaluation.
        cut: Cells ``[begin, end)`` of the old cache to remove from its middle, shifting down those
            after it; ``None`` where there is nothing to remove.
    """

    keep: int
    cut: tuple[int, int] | None = None


def common_prefix_length(old: Sequence[int], new: Sequence[int]) -> int:
    """How many tokens the two have in common at the beginning."""
    limit = min(len(old), len(new))
    at = 0
    while at < limit and old[at] == new[at]:
        at += 1
    return at


def plan_prompt(
    cached: Sequence[int], exact: int, prompt: Sequence[int], mode: Literal["exact", "shift"]
) -> ReusePlan:
    """What a generation after ``prompt`` can reuse; its last two tokens are always evaluated."""
    limit = max(0, len(prompt) - MIN_BATCH)
    common = common_prefix_length(cached, prompt)
    if mode == "exact":
        return ReusePlan(min(common, exact, limit))
    cut = _find_removed_part(cached, prompt, common)
    if cut is None:
        return ReusePlan(min(common, limit))
    shifted = common_prefix_length(cached[cut[1] :], prompt[common:])
    return ReusePlan(min(common + shifted, limit), cut)


def plan_settle(cached: Sequence[int], exact: int, ids: Sequence[int]) -> ReusePlan:
    """What can stay when the cache must hold exactly ``ids``; never leaves a single token over."""
    keep = min(common_prefix_length(cached, ids), exact)
    if len(ids) - keep == 1:
        keep = max(0, len(ids) - MIN_BATCH)
    return ReusePlan(keep)


def _find_removed_part(
    old: Sequence[int], new: Sequence[int], common: int
) -> tuple[int, int] | None:
    """The part of ``old`` after the common prefix that ``new`` lacks, if both continue alike."""
    probe = list(new[common : common + _PROBE])
    if len(probe) < _PROBE:
        return None
    best: tuple[int, int] | None = None
    longest = 0
    for at in range(common + 1, len(old) - _PROBE + 1):
        if old[at] == probe[0] and list(old[at : at + _PROBE]) == probe:
            length = common_prefix_length(old[at:], new[common:])
            if length > longest:
                best, longest = (common, at), length
    return best


def next_chunk(left: int, chunk: int) -> int:
    """How many of ``left`` tokens to evaluate next, so that never a single one is left over."""
    if left <= chunk:
        return left
    return chunk - 1 if left - chunk == 1 else chunk


def fit_chunk(tokens: int, seconds: float, largest: int) -> int:
    """A chunk size that takes about ``_CHUNK_S``, if ``tokens`` took ``seconds``."""
    wanted = int(tokens / max(seconds, 1e-6) * _CHUNK_S) // 32 * 32
    return max(32, min(largest, wanted))
