"""Counting tokens without asking twice: a bounded memory of what was tokenized before."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from rpterm.engine.protocol import Piece

Encode = Callable[[Sequence[Piece]], list[tuple[int, ...]]]
"""Tokens of many pieces at once."""


SIZE = 20_000
"""How many pieces are remembered."""


class TokenCache:
    """Tokens of pieces by an engine's tokenizer; a chat's old turns are never tokenized again.

    Not safe to share between threads without a lock; ``Prompter`` holds one.
    """

    def __init__(self, tokenize: Callable[[Sequence[Piece]], list[list[int]]]) -> None:
        """``tokenize`` is the engine's."""
        self._tokenize = tokenize
        self._known: OrderedDict[Piece, tuple[int, ...]] = OrderedDict()

    def __call__(self, pieces: Sequence[Piece]) -> list[tuple[int, ...]]:
        """Tokens of each piece, in one call to the engine for all that are new."""
        missing = list(dict.fromkeys(piece for piece in pieces if piece not in self._known))
        fresh: dict[Piece, tuple[int, ...]] = {}
        if missing:
            fresh = dict(zip(missing, map(tuple, self._tokenize(missing)), strict=True))
        found = [fresh[piece] if piece in fresh else self._touch(piece) for piece in pieces]
        self._remember(fresh)
        return found

    def _touch(self, piece: Piece) -> tuple[int, ...]:
        self._known.move_to_end(piece)
        return self._known[piece]

    def _remember(self, fresh: dict[Piece, tuple[int, ...]]) -> None:
        self._known.update(fresh)
        while len(self._known) > SIZE:
            self._known.popitem(last=False)
