"""The result of a training, as the model card and the command line report it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rpterm.preference.stats.agreement import Proportion
from rpterm.training.parity import Parity


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How a model does on the test rows; ``None`` without any.

    Attributes:
        preferred: Pairs whose chosen reply it prefers. For DPO that means that it prefers it more
            than the base model does, so half of the pairs are chance.
    """

    loss: float | None = None
    preferred: Proportion | None = None


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The result of a training.

    Attributes:
        steps: Total number of steps.
        seconds: Duration of the steps of this run.
        loss_before: Loss on the test rows; ``None`` without any, or if it is not known any more,
            because the training was resumed.
        after: The test rows after the training.
        parity: How well llama.cpp and transformers agree about the adapter.
        begun: The step from which this run resumed.
    """

    adapter: Path
    card: Path
    steps: int
    seconds: float
    loss_before: float | None
    after: HeldOut
    parity: Parity
    begun: int = 0
