"""Checkpoints of the KV cache, for a model whose memory cannot be truncated.

Recurrent models, and hybrids of them with attention (Mamba, LFM2, Granite 4 H, Qwen 3.5), compress
what they read into one state. That state can be continued and copied, but nothing can be removed
from it, so every prompt that is not a continuation would be evaluated from its first token.
Checkpoints are therefore kept where later prompts branch off: at the tokens the next prompt is
known to begin with (``settle``), and shortly before the end of a prompt, where another reply to it
begins.
"""

from __future__ import annotations

from collections.abc import Sequence

from rpterm.engine.llama.cache.host_cache import HostCache, LiveCache
from rpterm.engine.llama.cache.prefix_reuse import MIN_BATCH, common_prefix_length

MAX_CHECKPOINTS = 8
"""A chat needs two a turn, a group chat one more for each member."""


class Checkpoints(HostCache):
    """States of the cache that are restored whole or not at all."""

    wants_checkpoints = True

    def swap(self, cache: LiveCache, ids: Sequence[int]) -> None:
        """Restore the longest checkpoint that ``ids`` begin with, unless the cache itself is a
        longer one."""
        limit = max(0, len(ids) - MIN_BATCH)

        def usable(held: Sequence[int]) -> int:
            """Length of ``held`` if all of it is a prefix of ``ids``, else 0."""
            fits = len(held) <= limit and common_prefix_length(held, ids) == len(held)
            return len(held) if fits else 0

        current = usable(cache.tokens) if cache.exact == len(cache.tokens) else 0
        best = max(self.copies, key=lambda copy: usable(copy.tokens), default=None)
        if best is not None and usable(best.tokens) > current:
            self.copies = [*(copy for copy in self.copies if copy is not best), best]
            self._restore(cache, best)

    def checkpoint(self, cache: LiveCache) -> None:
        """Copy the cache as it is, if all of it is exact."""
        if not cache.tokens or cache.exact < len(cache.tokens):
            return
        self.copies = [copy for copy in self.copies if copy.tokens != cache.tokens]
        del self.copies[: max(0, len(self.copies) + 1 - MAX_CHECKPOINTS)]
        self._add(cache)
