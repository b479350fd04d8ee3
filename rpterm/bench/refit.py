"""Makes the frozen weights again: ``python -m rpterm.bench.refit CONVAI2 > coefficients.json``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rpterm.scoring.calibrate import fit
from rpterm.scoring.convai2 import draw, read
from rpterm.scoring.fit import NAMES, Encode, Fit

_QUESTIONS = 160
_MADE = (
    "Conditional logit with a ridge of 1 on 160 questions of ConvAI2 (valid, self original), one "
    "a persona, drawn by rpterm.scoring.convai2.draw among personas whose key is even."
)


def refit(path: Path, encode: Encode) -> dict[str, object]:
    """Weights from the half of the personas with even keys."""
    even = [question for question in read(path) if int(question.key, 16) % 2 == 0]
    chosen = draw(even, _QUESTIONS, frozenset())
    measure = Fit(encode).measure
    rows = [measure(each.candidates, each.persona, each.history[-1]) for each in chosen]
    weights = fit(rows, [each.gold for each in chosen])
    return {
        "made": _MADE,
        "weights": {name: round(value, 4) for name, value in zip(NAMES, weights, strict=True)},
        "fitted": sorted({each.key for each in chosen}),
    }


def main() -> None:
    """Embed, fit and write JSON to standard output."""
    from rpterm.memory.embed import STARTER, WorkerEmbedder
    from rpterm.models.starter import embedder_folder

    embedder = WorkerEmbedder(embedder_folder, STARTER)
    try:
        sys.stdout.write(json.dumps(refit(Path(sys.argv[1]), embedder.encode), indent=1) + "\n")
    finally:
        embedder.close()


if __name__ == "__main__":
    main()
