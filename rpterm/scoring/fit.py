"""How near a reply is in meaning to lines, always against what would be near to anybody's.

With cos the cosine of embeddings and K a sharpness::

    value = ln mean exp(K cos(reply, line)) - ln mean exp(K cos(reply, everyday line))

The everyday lines (``everyday.toml``: facts and turns) were written for rpterm. Many facts are
better than few: with 417 (three have been left out since) instead of 100 hits@1 of 408 questions
of ConvAI2, cross-validated, rises from 0.686 to 0.694, with the language model from 0.729 to 0.737;
400 facts of ConvAI2's own personas bring hardly more (0.696 to 0.700, 0.737 to 0.743). More turns
change nothing. Nothing is trained: a linear map of the vectors, learned from 3,100 dialogue turns
of ConvAI2 (ranks 16 to 48, five folds by persona), chose no better than the plain cosines with such
a contrast (0.56 to 0.66 against 0.66 of 1,200 questions; without any contrast 0.55).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rpterm.scoring.texts import everyday

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
_K = 12.0
_K_TURN = 6.0
"""Turns say more at once than facts do: a blunter yardstick tells them better apart."""
_K_ASKED = 2.0
"""How much more a known line weighs that is near to the question. On questions about long talks
(``bench told``) 8 is best, on ConvAI2 it already costs."""
_TOLD = 0.45
"""A fact this near to an own turn was told there."""


class Fit:
    """Measures replies; embeds the everyday lines once, when first asked.

    Args:
        encode: Texts to unit vectors.
    """

    def __init__(self, encode: Encode) -> None:
        self._facts, self._turns = everyday()
        self.encode = encode
        self._contrast: tuple[NDArray[np.float32], ...] | None = None

    def to_facts(
        self, reply: str, facts: Sequence[str], told: Sequence[str] = ()
    ) -> tuple[NDArray[np.float32], float]:
        """The cosine with each fact, and the value of those that are not told yet.

        Args:
            told: What the character said before. Where all facts are told, all count again.
        """
        near = self.encode(facts)
        cosines = (self.encode([reply]) @ near.T)[0]
        fresh = np.ones(len(facts), dtype=bool)
        if told:
            fresh = (near @ self.encode(told).T).max(axis=1) < _TOLD
        open_ones = cosines[fresh] if fresh.any() else cosines
        return cosines, self._value(reply, open_ones, 0, _K)

    def to_turn(self, reply: str, turn: str) -> float:
        """The value against one turn, or against several read as one."""
        cosines = (self.encode([reply]) @ self.encode([turn]).T)[0]
        return self._value(reply, cosines, 1, _K_TURN)

    def to_known(
        self, reply: str, known: Sequence[str], asked: str
    ) -> tuple[NDArray[np.float32], float]:
        """The cosine with each line that is known, and the value of all.

        Args:
            asked: What the reply answers: lines near to it weigh more. "" weighs all alike.
        """
        rows = self.encode(known)
        cosines = (self.encode([reply]) @ rows.T)[0]
        nearness = _K_ASKED * (rows @ self.encode([asked]).T)[:, 0] if asked else None
        return cosines, self._value(reply, cosines, 2, _K, nearness)

    @property
    def warmed(self) -> bool:
        """Whether the everyday lines are embedded."""
        return self._contrast is not None

    def warm(self) -> None:
        """Embed the everyday lines now."""
        self._everyday()

    def _value(
        self,
        reply: str,
        cosines: NDArray[np.float32],
        kind: int,
        sharp: float,
        nearness: NDArray[np.float32] | None = None,
    ) -> float:
        contrast = self.encode([reply]) @ self._everyday()[kind].T
        return float((soft(cosines[None], sharp, nearness) - soft(contrast, sharp))[0])

    def _everyday(self) -> tuple[NDArray[np.float32], ...]:
        """Of facts, of turns, and of both."""
        if self._contrast is None:
            facts, turns = self.encode(self._facts), self.encode(self._turns)
            self._contrast = facts, turns, np.concatenate([facts, turns])
        return self._contrast


def soft(
    cosines: NDArray[np.float32], sharp: float = _K, nearness: NDArray[np.float32] | None = None
) -> NDArray[np.float64]:
    """ln mean exp(K cos) of each row, each column weighed by exp(nearness)."""
    weights = np.exp(nearness.astype(np.float64)) if nearness is not None else None
    raised = np.exp(sharp * cosines.astype(np.float64))
    mean: NDArray[np.float64] = np.log(np.average(raised, axis=1, weights=weights))
    return mean
