"""A bounded cache of tokenized texts, so that nothing is tokenized twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rpterm.engine.protocol import Piece

Encode = Callable[[Sequence[Piece]], list[tuple[int, ...]]]
"""Tokenizes many pieces at once."""

MAX_PIECES = 20_000


class TokenCache:
    """An engine's tokenizer with a cache, so that old turns are not tokenized again.

    The piece that was tokenized first is dropped first: a turn that is still used then costs one
    more call. Threads need a lock to share the cache; ``Prompter`` has one.
    """

    def __init__(self, tokenize: Callable[[Sequence[Piece]], list[list[int]]]) -> None:
        """``tokenize`` is that of an ``Engine``."""
        self._tokenize = tokenize
        self._cache: dict[Piece, tuple[int, ...]] = {}

    def __call__(self, pieces: Sequence[Piece]) -> list[tuple[int, ...]]:
        """Tokens of each piece, with one call to the engine for all new ones."""
        cache = self._cache
        missing = list(dict.fromkeys(piece for piece in pieces if piece not in cache))
        if missing:
            cache.update(zip(missing, map(tuple, self._tokenize(missing)), strict=True))
        tokens = [cache[piece] for piece in pieces]
        while len(cache) > MAX_PIECES:
            del cache[next(iter(cache))]
        return tokens
