"""A bounded cache of tokenized texts, so that nothing is tokenized twice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from rpterm.engine.protocol import Piece

Encode = Callable[[Sequence[Piece]], list[tuple[int, ...]]]
"""Tokenizes many pieces at once."""

MAX_PIECES = 20_000


class TokenCache:
    """An engine's tokenizer with an LRU cache, so that old turns are not tokenized again.

    Threads need a lock to share it; ``Prompter`` has one.
    """

    def __init__(self, tokenize: Callable[[Sequence[Piece]], list[list[int]]]) -> None:
        """``tokenize`` is that of an ``Engine``."""
        self._tokenize = tokenize
        self._cache: OrderedDict[Piece, tuple[int, ...]] = OrderedDict()

    def __call__(self, pieces: Sequence[Piece]) -> list[tuple[int, ...]]:
        """Tokens of each piece, with one call to the engine for all new ones."""
        missing = list(dict.fromkeys(piece for piece in pieces if piece not in self._cache))
        fresh: dict[Piece, tuple[int, ...]] = {}
        if missing:
            fresh = dict(zip(missing, map(tuple, self._tokenize(missing)), strict=True))
        tokens = [fresh[piece] if piece in fresh else self._get(piece) for piece in pieces]
        self._add(fresh)
        return tokens

    def _get(self, piece: Piece) -> tuple[int, ...]:
        self._cache.move_to_end(piece)
        return self._cache[piece]

    def _add(self, fresh: dict[Piece, tuple[int, ...]]) -> None:
        self._cache.update(fresh)
        while len(self._cache) > MAX_PIECES:
            self._cache.popitem(last=False)
