"""How a reply fits the facts of a card and the last turn, always against what would fit anybody.

Three numbers, with cos the cosine of embeddings and K a sharpness:

* words: the best TF-IDF likeness to one fact;
* facts: ln mean exp(K cos(reply, fact)) - ln mean exp(K cos(reply, everyday fact));
* context: K cos(reply, last turn) - ln mean exp(K cos(reply, everyday turn)).

The everyday lines (``everyday.toml``) were written for rpterm. On ConvAI2 the contrast raises
hits@1 from 0.63 to 0.68 on the 320 questions it was developed on. Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rpterm.scoring.texts import Rarity, dot, everyday

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
NAMES = ("words", "facts", "context")
_K = 12.0


class Fit:
    """Measures replies; embeds the everyday lines once, when first asked.

    Args:
        encode: Texts to unit vectors.
    """

    def __init__(self, encode: Encode) -> None:
        self._facts, self._turns = everyday()
        self._rarity = Rarity([*self._facts, *self._turns])
        self.encode = encode
        self._contrast: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def measure(
        self, replies: Sequence[str], facts: Sequence[str], asked: str
    ) -> NDArray[np.float64]:
        """One row of the three numbers for each reply; 0 where there is nothing to fit."""
        everyday_facts, everyday_turns = self._everyday()
        said = self.encode(replies)
        rows = np.zeros((len(replies), len(NAMES)))
        if facts:
            weighed = [self._rarity.vector(fact) for fact in facts]
            for at, reply in enumerate(replies):
                mine = self._rarity.vector(reply)
                rows[at, 0] = max(dot(mine, each) for each in weighed)
            rows[:, 1] = soft(said @ self.encode(facts).T) - soft(said @ everyday_facts.T)
        if asked:
            rows[:, 2] = soft(said @ self.encode([asked]).T) - soft(said @ everyday_turns.T)
        return rows

    def to_facts(self, reply: str, facts: Sequence[str]) -> tuple[NDArray[np.float32], float]:
        """The cosine with each fact, and the number ``facts`` of the module's docstring."""
        said, near = self.encode([reply]), self.encode(facts)
        cosines = said @ near.T
        contrast = said @ self._everyday()[0].T
        return cosines[0], float((soft(cosines) - soft(contrast))[0])

    def to_turn(self, reply: str, asked: str) -> float:
        """The number ``context`` of the module's docstring."""
        said = self.encode([reply])
        near, contrast = said @ self.encode([asked]).T, said @ self._everyday()[1].T
        return float((soft(near) - soft(contrast))[0])

    @property
    def warmed(self) -> bool:
        """Whether the everyday lines are embedded."""
        return self._contrast is not None

    def warm(self) -> None:
        """Embed the everyday lines now."""
        self._everyday()

    def _everyday(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if self._contrast is None:
            self._contrast = self.encode(self._facts), self.encode(self._turns)
        return self._contrast


def soft(cosines: NDArray[np.float32], sharp: float = _K) -> NDArray[np.float64]:
    """ln mean exp(K cos) of each row."""
    mean: NDArray[np.float64] = np.log(np.exp(sharp * cosines.astype(np.float64)).mean(axis=1))
    return mean
