"""The right reply of twenty, by the card: ``rpterm bench persona --convai2 FILE``.

Weights are frozen in the package; personas that they were fitted on are left out. Likelihoods of
the language model are not part of it yet, so only the figures without them are given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rpterm.bench.figures import calibration_error, share
from rpterm.scoring.calibrate import chances, frozen
from rpterm.scoring.convai2 import Question, draw, read
from rpterm.scoring.fit import NAMES, Encode, Fit

_LIMIT = 150


def main(convai2: Path, json: bool = False, limit: int | None = None) -> None:
    """Embed, measure and print, with a bar on standard error."""
    from rpterm.bench.printing import with_bar
    from rpterm.memory.embed import STARTER, WorkerEmbedder
    from rpterm.models.starter import embedder_folder

    table = frozen()
    questions = draw(read(convai2), _LIMIT if limit is None else limit, frozenset(table["fitted"]))
    embedder = WorkerEmbedder(embedder_folder, STARTER)
    try:
        with_bar(lambda step: measure(questions, embedder.encode, table["weights"], step), json)
    finally:
        embedder.close()


def measure(
    questions: Sequence[Question],
    encode: Encode,
    weights: dict[str, float],
    step: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """The figures, their intervals, and what is left when one number is taken away."""
    fit = Fit(encode)
    rows = []
    for at, question in enumerate(questions):
        rows.append(fit.measure(question.candidates, question.persona, question.history[-1]))
        step(at + 1, len(questions))
    full = np.array([weights[name] for name in NAMES])
    all_chances = [chances(row, full) for row in rows]
    golds = [question.gold for question in questions]
    hit = _hits(rows, golds, full)
    places = [
        1 + int((each > each[gold]).sum()) for each, gold in zip(all_chances, golds, strict=True)
    ]
    summary = share(hit)
    return {
        "examples": len(questions),
        "hits@1_no_lm": summary["value"],
        "hits@1_no_lm_interval": [summary["low"], summary["high"]],
        "mrr_no_lm": round(float(np.mean([1 / place for place in places] or [0.0])), 4),
        "ece_no_lm": round(calibration_error([float(each.max()) for each in all_chances], hit), 4),
        "ablations": {
            f"without {name}": share(_hits(rows, golds, np.where(np.arange(3) == at, 0, full)))
            for at, name in enumerate(NAMES)
        },
    }


def _hits(
    rows: Sequence[NDArray[np.float64]], golds: Sequence[int], weights: NDArray[np.float64]
) -> list[bool]:
    return [int((row @ weights).argmax()) == gold for row, gold in zip(rows, golds, strict=True)]
