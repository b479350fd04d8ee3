"""The cache of a model whose memory cannot forget a part, brought back as it was at certain points.

Recurrent models, and hybrids of them with attention (Mamba, LFM2, Granite 4 H, Qwen 3.5), sum up
what they read in one state. It can be gone on from and copied, and nothing can be taken out of it:
every prompt that is not a continuation would be evaluated from its first token. So copies are kept
of where prompts part: what the next prompt is known to begin with (``settle``), and a prompt short
of its last tokens, where another reply to it begins. Used in the place of ``Parked``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rpterm.engine.llama.parked import Parked
from rpterm.engine.llama.plan import MIN_BATCH, common_prefix

if TYPE_CHECKING:
    from rpterm.engine.llama.kv import ChatCache

MOST = 8
"""Points kept at once: of a chat two a turn, of a group one more for each member."""


class Snapshots(Parked):
    """Copies of the chat's cache, the longest unused first."""

    def serve(self, cache: ChatCache, ids: Sequence[int]) -> None:
        """Before ``ids`` are evaluated: go back to the last point that they begin with.

        Where the cache is such a point itself, it stays.
        """
        most = max(0, len(ids) - MIN_BATCH)

        def begins(held: Sequence[int]) -> int:
            """Tokens of what is held, where they are all a beginning of the new ones."""
            fits = len(held) <= most and common_prefix(held, ids) == len(held)
            return len(held) if fits else 0

        here = begins(cache.tokens) if cache.exact == len(cache.tokens) else 0
        best = max(self.copies, key=lambda copy: begins(copy.tokens), default=None)
        if best is not None and begins(best.tokens) > here:
            self.copies = [*(copy for copy in self.copies if copy is not best), best]
            self.put_back(cache, best)

    def keep(self, cache: ChatCache) -> None:
        """Remember the cache as it is, if all of it is exact."""
        if not cache.tokens or cache.exact < len(cache.tokens):
            return
        self.copies = [copy for copy in self.copies if copy.tokens != cache.tokens]
        del self.copies[: max(0, len(self.copies) + 1 - MOST)]
        self.add(cache)
