"""The starter model as Q8_0: the same weights in a format that llama.cpp multiplies faster.

The package ships Q4_1, for which llama.cpp has no kernel for several rows, so a prompt token costs
as much as a reply token. The engine therefore writes the weights as Q8_0 once, into the cache
folder (``rpterm.engine.llama.requantize``: 0.6 s, 145 MB). Measured on two cores with a prompt of
1,300 tokens, alternating: the prompt 5.0 s → 2.7, a reply token 14.4 ms → 12.5, a step of four
replies 29.5 → 24.4 (2.0 times as fast as one after the other). Over 3,000 tokens of a card,
dialogue and prose the loss is 3.7459 nats a token instead of 3.7445, KL 0.006, about as much as the
type of the KV cache costs (see ``engine.llama.cache.kv``). Faster formats are no longer the same
model: Q5_0 KL 0.09, Q4_0 0.30.

Files that users bring are never changed: they chose their format.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from rpterm.models import starter

_FOLDER = "starter"
_MIN_FREE_BYTES = 1 << 30
"""Disk space that must be free, so that this file never fills the disk."""


def path_in(cache: Path) -> Path:
    """The path of the requantized starter; each version of the starter has its own folder."""
    name = Path(starter.LLM.inside).name.replace(".Q4_1.", ".Q8_0.")
    return cache / _FOLDER / starter.LLM.sha256[:12] / name


def has_disk_space(cache: Path) -> bool:
    """Whether the disk has enough space for the file and everything else."""
    try:
        return shutil.disk_usage(cache).free >= _MIN_FREE_BYTES
    except OSError:
        return False
