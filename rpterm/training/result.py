"""The result of a training, as the model card and the command line report it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rpterm.training.parity import Parity


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The result of a training.

    Attributes:
        steps: Total number of steps.
        seconds: Duration of the steps of this run.
        loss_before: Loss on the test rows; ``None`` without test rows or for a resumed training.
        parity: How well llama.cpp and transformers agree about the adapter.
        begun: The step from which this run resumed.
    """

    adapter: Path
    card: Path
    steps: int
    seconds: float
    loss_before: float | None
    loss_after: float | None
    parity: Parity
    begun: int = 0
