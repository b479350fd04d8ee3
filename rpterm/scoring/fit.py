"""How near a reply is in meaning to lines, always against what would be near to anybody's.

With cos the cosine of embeddings and K a sharpness::

    value = ln mean exp(K cos(reply, line)) - ln mean exp(K cos(reply, everyday line))

Against facts and all that is known a reply is read sentence by sentence (the mean of their values),
and without what it takes over from the last turn: of its vector the part along the last turn's is
taken away. Who knows nothing but that turn repeats it, and a repetition is near to whatever the
talk is about. Of 48 pairs of replies, one by a writer who knew card and talk and one by a writer
who knew the last turn alone, facts tell the first so in 0.81, not 0.77, and all that is known in
0.96, not 0.83 (``bench rated``). On ConvAI2 the right reply wins over what others said to the
likest turns in 0.795 of 2,400 pairs, not 0.780, without the language model; of candidates from
other talks it comes first in 0.680, not 0.687 (0.038 either way).

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

from rpterm.scoring.kept import Kept
from rpterm.scoring.texts import everyday
from rpterm.sentences import sentences

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
_K = 12.0
_K_TURN = 6.0
"""Turns say more at once than facts do: a blunter yardstick tells them better apart."""
_K_ASKED = 2.0
"""How much more a known line weighs that is near to the question. On questions about long talks
(``bench told``) 8 is best, on ConvAI2 it already costs."""
_SHORT = 2
_TOLD = 0.45
"""A fact this near to an own turn was told there."""


class Fit:
    """Measures replies; embeds the everyday lines once, when first asked.

    Args:
        encode: Texts to unit vectors.
        kept: Where those of the everyday lines are from run to run.
    """

    def __init__(self, encode: Encode, kept: Kept | None = None) -> None:
        self._facts, self._turns = everyday()
        self.encode, self._kept = encode, kept
        self._contrast: tuple[NDArray[np.float32], ...] | None = None

    def to_facts(
        self, reply: str, facts: Sequence[str], told: Sequence[str] = (), asked: str = ""
    ) -> tuple[NDArray[np.float32], float]:
        """The cosine with each fact, and the value of those that are not told yet.

        Args:
            told: What the character said before. Where all facts are told, all count again.
            asked: The last turn, which is taken out of the reply.
        """
        near = self.encode(facts)
        cosines = (self.encode([reply]) @ near.T)[0]
        fresh = np.ones(len(facts), dtype=bool)
        if told:
            fresh = (near @ self.encode(told).T).max(axis=1) < _TOLD
        open_ones = near[fresh] if fresh.any() else near
        return cosines, self._added(reply, asked, open_ones, 0)

    def to_turn(self, reply: str, turn: str) -> float:
        """The value against one turn, or against several read as one."""
        return self._value(self.encode([reply]), self.encode([turn]), 1, _K_TURN)

    def to_known(
        self, reply: str, known: Sequence[str], asked: str
    ) -> tuple[NDArray[np.float32], float]:
        """The cosine with each line that is known, and the value of all.

        Args:
            asked: The last turn, which is taken out of the reply: lines near to it weigh more.
                "" weighs all alike.
        """
        rows = self.encode(known)
        cosines = (self.encode([reply]) @ rows.T)[0]
        nearness = _K_ASKED * (rows @ self.encode([asked]).T)[:, 0] if asked else None
        return cosines, self._added(reply, asked, rows, 2, nearness)

    @property
    def warmed(self) -> bool:
        """Whether the everyday lines are embedded."""
        return self._contrast is not None

    def warm(self) -> None:
        """Embed the everyday lines now."""
        self._everyday()

    def _added(
        self,
        reply: str,
        asked: str,
        lines: NDArray[np.float32],
        kind: int,
        nearness: NDArray[np.float32] | None = None,
    ) -> float:
        """The value of what the reply's sentences add to the last turn."""
        said = self.encode(told_apart(reply))
        if asked:
            said = _without(said, self.encode([asked])[0])
        return self._value(said, lines, kind, _K, nearness)

    def _value(
        self,
        said: NDArray[np.float32],
        lines: NDArray[np.float32],
        kind: int,
        sharp: float,
        nearness: NDArray[np.float32] | None = None,
    ) -> float:
        here = soft(said @ lines.T, sharp, nearness)
        anywhere = soft(said @ self._everyday()[kind].T, sharp)
        return float(np.mean(here - anywhere))

    def _everyday(self) -> tuple[NDArray[np.float32], ...]:
        """Of facts, of turns, and of both."""
        if self._contrast is None:
            lines = [*self._facts, *self._turns]
            both = self._kept.rows(lines, self.encode) if self._kept else self.encode(lines)
            facts, turns = np.split(both, [len(self._facts)])
            self._contrast = facts, turns, both
        return self._contrast


def told_apart(reply: str) -> list[str]:
    """The reply's sentences, less those of one or two words; the whole of it where no other is."""
    return [each for each in sentences(reply) if len(each.split()) > _SHORT] or [reply]


def _without(rows: NDArray[np.float32], direction: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit vectors less their part along another one, made unit vectors again."""
    rest = rows - np.outer(rows @ direction, direction)
    return np.asarray(rest / (np.linalg.norm(rest, axis=1, keepdims=True) + 1e-9), np.float32)


def soft(
    cosines: NDArray[np.float32], sharp: float = _K, nearness: NDArray[np.float32] | None = None
) -> NDArray[np.float64]:
    """ln mean exp(K cos) of each row, each column weighed by exp(nearness)."""
    weights = np.exp(nearness.astype(np.float64)) if nearness is not None else None
    raised = np.exp(sharp * cosines.astype(np.float64))
    mean: NDArray[np.float64] = np.log(np.average(raised, axis=1, weights=weights))
    return mean
