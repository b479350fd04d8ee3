"""Prompts that were swapped out to host memory, for a model whose KV cache can be truncated.

In a chat with several characters, every change of speaker means another card and so another prompt
from the first line on. Copying a cache out and in takes about a hundredth of the time of evaluating
it (23 kB a token for the starter model), so a cache is copied when most of it is about to be lost,
and restored for the next prompt that begins with it. No caller asks for this: with one character it
happens when another chat or another question comes in between.

Parallel sequences in one context would not do: their cells would no longer begin at the first cell
and would not be *exact* (see ``kv``).
"""

from __future__ import annotations

from collections.abc import Sequence

from rpterm.engine.llama.cache.host_cache import HostCache, LiveCache
from rpterm.engine.llama.cache.prefix_reuse import common_prefix_length

MIN_TOKENS = 192
"""Fewer tokens than this are evaluated again sooner than copied."""


class PromptCache(HostCache):
    """Whole prompts, found again by their beginning."""

    wants_checkpoints = False

    def swap(self, cache: LiveCache, ids: Sequence[int]) -> None:
        """Copy the cache if ``ids`` would replace most of it, and restore the copy with the longest
        common prefix. Where memory is short nothing is copied, which costs only time."""
        shared = min(common_prefix_length(cache.tokens, ids), cache.exact)
        lost = cache.exact - shared
        best, best_gain = None, MIN_TOKENS - 1
        for copy in self.copies:
            gain = min(common_prefix_length(copy.tokens, ids), copy.exact) - shared
            if gain > best_gain:
                best, best_gain = copy, gain
        if lost >= MIN_TOKENS and lost > shared:
            self._swap_out(cache)
        if best is not None:
            self.copies = [copy for copy in self.copies if copy is not best]
            self._restore(cache, best)

    def checkpoint(self, cache: LiveCache) -> None:
        """Nothing to do: this cache can be truncated to any point."""

    def _swap_out(self, cache: LiveCache) -> None:
        """Copy the cache in place of an older copy of the same beginning."""
        kept = cache.tokens[: cache.exact]
        self.copies = [
            copy for copy in self.copies
            if 2 * common_prefix_length(copy.tokens, kept) <= len(copy.tokens)
        ]  # fmt: skip
        self._add(cache)
