"""The settings of a training, decided before anything is loaded. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path


class Method(StrEnum):
    """Training methods; each has a trainer in TRL."""

    DPO = "dpo"
    ORPO = "orpo"
    KTO = "kto"
    SFT = "sft"


RATES = {Method.DPO: 5e-5, Method.ORPO: 5e-5, Method.KTO: 5e-5, Method.SFT: 2e-4}
"""Learning rates for low-rank adapters, about ten times those for full fine-tuning."""


DEFAULT_LIMIT = 1024
"""Tokens per row, unless the export has longer ones."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """The settings of one training.

    Attributes:
        base: The base weights, a GGUF file.
        base_hash: SHA-256 of the base weights.
        rank: Rank of the adapter.
        alpha: LoRA alpha; the adapter's product is scaled by alpha / rank.
        rate: Peak learning rate.
        batch: Rows per step; KTO compares the rows of a batch, so it needs two.
        max_length: Tokens per row; the trainer truncates or drops longer rows.
        beta: How close the model stays to the base (DPO, KTO, ORPO).
        steps: Stop after this many steps; 0 trains all epochs.
    """

    method: Method
    base: Path
    base_hash: str = ""
    epochs: float = 1.0
    rank: int = 8
    alpha: float = 16.0
    rate: float = 5e-5
    batch: int = 2
    max_length: int = DEFAULT_LIMIT
    beta: float = 0.1
    seed: int = 1
    steps: int = 0

    def fingerprint(self, data: str) -> str:
        """Identifies this training of this data; only the same training can be resumed.

        How long it takes is not part of it: a training may end earlier or later than planned.
        """
        same = replace(self, base=Path(self.base.name), epochs=0.0, steps=0)
        values = asdict(same) | {"data": data}
        return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()
