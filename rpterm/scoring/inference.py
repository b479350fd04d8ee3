"""Contradictions by a model that reads two texts together (natural language inference).

Which sentences it is asked about, and what its probabilities come to. The model itself is passed
in; see ``rpterm.memory.embed.WorkerEmbedder.infer``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rpterm.scoring.fit import Encode
from rpterm.scoring.likelihood import Stopped
from rpterm.scoring.records import Evidence, Fact, Reading
from rpterm.scoring.texts import content

Infer = Callable[[Sequence[tuple[str, str]]], NDArray[np.float32] | None]
"""Pairs of a line and a claim to the probabilities that the line says it, and the contrary; or
``None`` where no model can tell."""

_LINES = 3
"""Lines that a claim is held against."""
_PAIRS = 48
_AT_A_TIME = 4
"""Pairs between two looks at ``stopped``."""
_NEAR = 0.3
_LEAST = 2
"""Words that carry meaning: a shorter sentence ("I see.") claims nothing."""
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim of the reply and a line that it may contradict."""

    start: int
    claim: str
    fact: Fact
    line: str

    @property
    def texts(self) -> tuple[str, str]:
        return self.line, self.claim.strip("\"“”*' ")


def nearest(
    claims: Sequence[tuple[int, str]], lines: Sequence[tuple[Fact, str]], encode: Encode
) -> list[Pair]:
    """The pairs that are about the same thing, the nearest in meaning first."""
    said = [each for each in claims if len(content(each[1])) >= _LEAST]
    known = [each for each in lines if len(content(each[1])) >= _LEAST]
    if not said or not known:
        return []
    near = encode([text for _, text in said]) @ encode([text for _, text in known]).T
    found = [
        (float(row[at]), Pair(start, claim, *known[at]))
        for (start, claim), row in zip(said, near, strict=True)
        for at in np.argsort(-row)[:_LINES]
        if row[at] >= _NEAR
    ]
    return [pair for _, pair in sorted(found, key=lambda each: -each[0])[:_PAIRS]]


def contradicted(
    pairs: Sequence[Pair], infer: Infer, stopped: Callable[[], bool]
) -> Reading | None:
    """What the model says of them; ``None`` where it cannot tell.

    Raises:
        Stopped: ``stopped`` said so in between.
    """
    found: list[tuple[float, Evidence]] = []
    for start in range(0, len(pairs), _AT_A_TIME):
        if stopped():
            raise Stopped
        some = pairs[start : start + _AT_A_TIME]
        rows = infer([pair.texts for pair in some])
        if rows is None:
            return None
        found += [
            (float(contrary), _evidence(pair, float(contrary)))
            for pair, (_, contrary) in zip(some, rows, strict=True)
            if contrary >= _SURE
        ]
    found.sort(key=lambda each: -each[0])
    return Reading(found[0][0] if found else 0.0, 0.9, tuple(each for _, each in found))


def _evidence(pair: Pair, contrary: float) -> Evidence:
    note = f"says the contrary, {contrary:.2f}"
    return Evidence(pair.start, pair.start + len(pair.claim), note, pair.fact.source, pair.line)
