"""Finds contradictions with a natural-language-inference (NLI) model.

Selects the pairs of premise (a known line) and hypothesis (a claim of the reply) to ask about, and
turns the model's probabilities into a reading. The model itself is passed in; see
``rpterm.memory.embedding.embed.WorkerEmbedder.infer``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rpterm.scoring.likelihood import Stopped
from rpterm.scoring.scene import Fact
from rpterm.scoring.signal import Evidence, Reading
from rpterm.scoring.similarity import Encode
from rpterm.scoring.texts import content_stems

NliModel = Callable[[Sequence[tuple[str, str]]], NDArray[np.float32] | None]
"""Maps (premise, hypothesis) pairs to rows (p(entailment), p(contradiction)); ``None`` without a
usable model."""

_LINES_PER_CLAIM = 3
_MOST_PAIRS = 48
_BATCH = 4
"""Pairs between two checks of ``stopped``."""
_LEAST_COSINE = 0.3
_LEAST_CONTENT_WORDS = 2
"""A sentence with fewer content words ("I see.") claims nothing."""
_LEAST_PROBABILITY = 0.5


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim of the reply and a line that it may contradict.

    Attributes:
        start: Where the claim begins in the reply.
        line: The sentence of ``fact`` that the claim is compared with.
    """

    start: int
    claim: str
    fact: Fact
    line: str

    @property
    def texts(self) -> tuple[str, str]:
        """Premise and hypothesis."""
        return self.line, self.claim.strip("\"“”*' ")


def nearest_pairs(
    claims: Sequence[tuple[int, str]], lines: Sequence[tuple[Fact, str]], encode: Encode
) -> list[Pair]:
    """Each claim paired with the lines most similar in meaning; the most similar pairs first."""
    claims = [each for each in claims if len(content_stems(each[1])) >= _LEAST_CONTENT_WORDS]
    lines = [each for each in lines if len(content_stems(each[1])) >= _LEAST_CONTENT_WORDS]
    if not claims or not lines:
        return []
    cosines = encode([text for _, text in claims]) @ encode([text for _, text in lines]).T
    found = [
        (float(row[at]), Pair(start, claim, *lines[at]))
        for (start, claim), row in zip(claims, cosines, strict=True)
        for at in np.argsort(-row, kind="stable")[:_LINES_PER_CLAIM]
        if row[at] >= _LEAST_COSINE
    ]
    return [pair for _, pair in sorted(found, key=lambda each: -each[0])[:_MOST_PAIRS]]


def nli_reading(
    pairs: Sequence[Pair], infer: NliModel, stopped: Callable[[], bool]
) -> Reading | None:
    """The highest probability of contradiction, from 0.5 up; ``None`` if the model cannot answer.

    Raises:
        Stopped: ``stopped`` returned true between two batches.
    """
    found: list[tuple[float, Evidence]] = []
    for start in range(0, len(pairs), _BATCH):
        if stopped():
            raise Stopped
        batch = pairs[start : start + _BATCH]
        rows = infer([pair.texts for pair in batch])
        if rows is None:
            return None
        found += [
            (float(contradiction), _evidence(pair, float(contradiction)))
            for pair, (_, contradiction) in zip(batch, rows, strict=True)
            if contradiction >= _LEAST_PROBABILITY
        ]
    found.sort(key=lambda each: -each[0])
    return Reading(found[0][0] if found else 0.0, 0.9, tuple(each for _, each in found))


def _evidence(pair: Pair, probability: float) -> Evidence:
    note = f"contradicts this, {probability:.2f}"
    return Evidence(pair.start, pair.start + len(pair.claim), note, pair.fact.source, pair.line)
