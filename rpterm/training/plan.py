"""What is trained, on what, and how: decided before anything is loaded. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from rpterm.types import RptermError


class TrainingError(RptermError):
    """The training cannot be done; the text says why and what to do."""


class Method(StrEnum):
    """Ways to train; each is a trainer of TRL."""

    DPO = "dpo"
    ORPO = "orpo"
    KTO = "kto"
    SFT = "sft"


RATES = {Method.DPO: 5e-5, Method.ORPO: 5e-5, Method.KTO: 5e-5, Method.SFT: 2e-4}
"""Learning rates for adapters of low rank: about ten times those for all weights."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One training.

    Attributes:
        base: The weights, a GGUF file; ``base_hash`` is its SHA-256.
        rank: Of the adapter; ``alpha`` is what its product is scaled by, times the rank.
        rate: Highest learning rate.
        batch: Rows of a step; KTO compares rows of one batch, so it needs two.
        max_length: Tokens of a row; the trainer cuts or drops longer ones.
        beta: How close to the base it stays (DPO, KTO, ORPO).
        steps: Stop after so many; 0 goes through all epochs.
    """

    method: Method
    base: Path
    base_hash: str = ""
    epochs: float = 1.0
    rank: int = 8
    alpha: float = 16.0
    rate: float = 5e-5
    batch: int = 2
    max_length: int = 1024
    beta: float = 0.1
    seed: int = 1
    steps: int = 0

    def fingerprint(self, data: str) -> str:
        """Names this training of these data: what was begun is only gone on with if it is this."""
        facts = asdict(replace(self, base=Path(self.base.name))) | {"data": data}
        return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
