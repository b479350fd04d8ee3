"""Few weights for few numbers: a conditional logit, fitted by gradient ascent; knows no files.

P(reply i of n) is proportional to exp(w . x_i). The frozen weights lie in ``coefficients.json``
with how they were made; ``python -m rpterm.bench.refit FILE`` makes them again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEPS = 2000


def fit(rows: Sequence[Floats], right: Sequence[int], ridge: float = 1.0) -> list[float]:
    """Weights that make the right row of each question likely."""
    together = np.concatenate(list(rows))
    scale = together.std(axis=0) + 1e-9
    weights = np.zeros(together.shape[1])
    for _ in range(_STEPS):
        slope = -ridge * weights
        for question, gold in zip(rows, right, strict=True):
            scaled = question / scale
            slope += scaled[gold] - chances(scaled, weights) @ scaled
        weights += slope / len(rows)
    return [float(weight) for weight in weights / scale]


def chances(rows: Floats, weights: Sequence[float] | Floats) -> Floats:
    """The probability of each row of one question."""
    raw: Floats = rows @ np.asarray(weights)
    spread: Floats = np.exp(raw - raw.max())
    shares: Floats = spread / spread.sum()
    return shares


def frozen() -> dict[str, Any]:
    """What was fitted: ``weights`` by name, ``fitted`` persona keys, ``made``."""
    text = files("rpterm.scoring").joinpath("coefficients.json").read_text("utf-8")
    table: dict[str, Any] = json.loads(text)
    return table
