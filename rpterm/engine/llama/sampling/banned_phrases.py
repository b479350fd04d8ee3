"""Finds banned phrases in a reply, and remembers which tokens may not be sampled there again.

Phrases are matched in any case. The token with the first character of a phrase is forbidden at its
position, and the reply continues from there. Pure: it sees text and token counts only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from rpterm.engine.reply_text import first_match, fold

MAX_REWINDS = 200
"""After this many the reply ends before the phrase: some prompts leave no way around it."""


class BannedPhrases:
    """The banned phrases of a request, and the forbidden tokens of one of its replies."""

    def __init__(self, phrases: Sequence[str]) -> None:
        self._phrases = tuple(fold(phrase) for phrase in phrases if phrase)
        self._longest = max((len(phrase) for phrase in self._phrases), default=0)
        self._forbidden: dict[int, set[int]] = {}
        self.rewinds = 0

    def find(self, text: str, ends: Sequence[int]) -> int | None:
        """Index of the token in which a phrase begins, or ``None``.

        Args:
            text: The reply so far.
            ends: Length of the text after each token.
        """
        if not self._phrases:
            return None
        before_last = ends[-2] if len(ends) > 1 else 0
        start = max(0, before_last - self._longest)
        match = first_match(fold(text[start:]), self._phrases)
        if match is None:
            return None
        return min(bisect_right(ends, start + match[0]), len(ends) - 1)

    def forbid(self, index: int, token: int) -> None:
        """Forbid a token at this index for good; what was forbidden after it is allowed again."""
        self.rewinds += 1
        self._forbidden = {at: ids for at, ids in self._forbidden.items() if at <= index}
        self._forbidden.setdefault(index, set()).add(token)

    def forbidden(self, index: int) -> set[int]:
        """The tokens that may not be sampled at this index."""
        return self._forbidden.get(index, set())
