"""Semantic similarity of a reply to given lines, contrasted with its similarity to everyday lines.

With cos the cosine similarity of sentence embeddings and K a sharpness::

    value = ln mean exp(K cos(reply, line)) - ln mean exp(K cos(reply, everyday line))

Against facts, a reply is read sentence by sentence (the mean of their values), and the component
along the last turn's vector is projected out of each sentence vector. A writer who knows only the
last turn repeats it, and a repetition is similar to whatever the conversation is about. Of 48 pairs
of replies, one by a writer who knew card and conversation and one by a writer who knew only the
last turn, similarity to the facts prefers the first in 0.81 with these two steps and in 0.77
without (``bench rated``). Similarity to all known lines is not used: it tells no right value from a
wrong one, and the score was better without it on all files of ``bench rated``. On ConvAI2,
without the language model, the right reply beats the hard negatives (what others said to the most
similar turns) in 0.795 of 2,400 pairs instead of 0.780; among candidates from other dialogues it
ranks first in 0.680 instead of 0.687 (± 0.038).

The everyday lines (``everyday.toml``: facts and turns) were written for rpterm. Many facts are
better than few: with 417 of them instead of 100 (three have been removed since), cross-validated
hits@1 on 408 questions of ConvAI2 rises from 0.686 to 0.694, with the language model from 0.729 to
0.737. 400 facts from ConvAI2's own personas add little to that (0.696 to 0.700, 0.737 to 0.743);
more turns change nothing. Nothing is trained here: a linear map of the vectors, learned from 3,100
dialogue turns of ConvAI2 (ranks 16 to 48, five folds by persona), ranked no better than the plain
cosines with this contrast (0.56 to 0.66 against 0.66 of 1,200 questions; without any contrast
0.55).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rpterm.scoring.embedding_folder import EmbeddingFolder
from rpterm.scoring.texts import everyday_lines
from rpterm.text.sentences import sentences

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]
_SHARPNESS = 12.0
_TURN_SHARPNESS = 6.0
"""A turn says several things at once, unlike a fact: a lower sharpness separates turns better."""
_SHORT_SENTENCE = 2
_TOLD = 0.45
"""From this cosine with one of the character's turns on, a fact counts as told there."""


class ContrastiveSimilarity:
    """Measures similarity; embeds the everyday lines once, on first use.

    Args:
        encode: Maps texts to unit vectors.
        kept: Where the everyday lines' vectors are stored; ``None`` computes them in every run.
    """

    def __init__(self, encode: Encode, kept: EmbeddingFolder | None = None) -> None:
        self.encode, self._kept = encode, kept
        self._everyday_facts, self._everyday_turns = everyday_lines()
        self._contrast: tuple[Floats, Floats] | None = None

    def to_facts(
        self, reply: str, facts: Sequence[str], told: Sequence[str] = (), asked: str = ""
    ) -> tuple[Floats, float]:
        """The cosine with each fact, and the value against the facts not told yet.

        Args:
            told: The character's earlier turns. If every fact was told there, all count again.
            asked: The last turn, which is projected out of the reply.
        """
        rows = self.encode(facts)
        cosines = (self.encode([reply]) @ rows.T)[0]
        untold = np.ones(len(facts), dtype=bool)
        if told:
            untold = (rows @ self.encode(told).T).max(axis=1) < _TOLD
        facts_left = rows[untold] if untold.any() else rows
        everyday_facts, _ = self._everyday()
        return cosines, _contrasted(self._sentence_rows(reply, asked), facts_left, everyday_facts)

    def to_turn(self, reply: str, turn: str) -> float:
        """The value against one turn, or against several joined into one text."""
        _, everyday_turns = self._everyday()
        return _contrasted(
            self.encode([reply]), self.encode([turn]), everyday_turns, _TURN_SHARPNESS
        )

    @property
    def warmed(self) -> bool:
        """Whether the everyday lines are embedded."""
        return self._contrast is not None

    def warm(self) -> None:
        """Embed the everyday lines now."""
        self._everyday()

    def _sentence_rows(self, reply: str, asked: str) -> Floats:
        """The vectors of the reply's sentences, without their component along the last turn."""
        rows = self.encode(content_sentences(reply))
        return _projected_out(rows, self.encode([asked])[0]) if asked else rows

    def _everyday(self) -> tuple[Floats, Floats]:
        """The vectors of the everyday facts and of the everyday turns."""
        if self._contrast is None:
            lines = [*self._everyday_facts, *self._everyday_turns]
            both = self._kept.rows(lines, self.encode) if self._kept else self.encode(lines)
            facts, turns = np.split(both, [len(self._everyday_facts)])
            self._contrast = facts, turns
        return self._contrast


def content_sentences(reply: str) -> list[str]:
    """The reply's sentences of more than two words; the whole reply if there is none."""
    return [each for each in sentences(reply) if len(each.split()) > _SHORT_SENTENCE] or [reply]


def _projected_out(rows: Floats, direction: Floats) -> Floats:
    """Unit vectors without their component along a unit direction, normalised again."""
    left = rows - np.outer(rows @ direction, direction)
    return np.asarray(left / (np.linalg.norm(left, axis=1, keepdims=True) + 1e-9), np.float32)


def _contrasted(
    said: Floats, lines: Floats, everyday_lines: Floats, sharpness: float = _SHARPNESS
) -> float:
    """The formula of the module, averaged over the rows of ``said``."""
    here = log_mean_exp(said @ lines.T, sharpness)
    anywhere = log_mean_exp(said @ everyday_lines.T, sharpness)
    return float(np.mean(here - anywhere))


def log_mean_exp(cosines: Floats, sharpness: float = _SHARPNESS) -> NDArray[np.float64]:
    """ln mean exp(K cos) of each row: a soft maximum."""
    means: NDArray[np.float64] = np.log(np.exp(sharpness * cosines.astype(np.float64)).mean(axis=1))
    return means
