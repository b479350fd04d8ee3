"""Where a banned phrase begins in a reply, and which tokens may not be sampled there again.

Pure: it sees text and token counts. A phrase is found in any case of its letters. The token that
holds its first character is forbidden at that place, and the reply goes on from there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from rpterm.engine.stopper import first_match, fold

MOST_REWINDS = 200
"""After so many the reply ends before the phrase: some prompts leave no way around it."""


class Banned:
    """The phrases of one request and the forbidden tokens of one reply."""

    def __init__(self, phrases: Sequence[str]) -> None:
        self._phrases = tuple(fold(phrase) for phrase in phrases if phrase)
        self._reach = max((len(phrase) for phrase in self._phrases), default=0)
        self._forbidden: dict[int, set[int]] = {}
        self.rewinds = 0

    def place(self, text: str, ends: Sequence[int]) -> int | None:
        """The number of the token a phrase begins in, or ``None``.

        Args:
            text: All of the reply.
            ends: Length of the text after each token.
        """
        if not self._phrases:
            return None
        before = ends[-2] if len(ends) > 1 else 0
        start = max(0, before - self._reach)
        match = first_match(fold(text[start:]), self._phrases)
        if match is None:
            return None
        return min(bisect_right(ends, start + match[0]), len(ends) - 1)

    def forbid(self, place: int, token: int) -> None:
        """Never sample this token there again; what was forbidden further on is open again."""
        self.rewinds += 1
        self._forbidden = {at: ids for at, ids in self._forbidden.items() if at <= place}
        self._forbidden.setdefault(place, set()).add(token)

    def forbidden(self, place: int) -> set[int]:
        """The tokens not to sample as the token of this number."""
        return self._forbidden.get(place, set())
