"""The starter as Q8_0: the same weights in a format that llama.cpp multiplies faster.

The package brings Q4_1, for which llama.cpp has no kernel of several rows: a token of a prompt then
costs as much as a token of a reply. So the engine writes the weights again once, into the cache
folder (``rpterm.engine.llama.requantize``: 0.6 s, 145 MB). Measured on two cores, 1,300 tokens of
prompt, in turns: the prompt 5.0 s → 2.7, a token of a reply 14.4 ms → 12.5, a step of four replies
29.5 → 24.4 (2.0 times as fast as one after the other). Over 3,000 tokens of a card, talk and prose
the loss is 3.7459 nats a token instead of 3.7445, KL 0.006, about what the kind of cache costs (see
``rpterm.engine.llama.kv``). The faster formats are not the same model any more: Q5_0 KL 0.09,
Q4_0 0.30.

Files that users bring are never touched: they chose their format.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from rpterm.models import starter

_FOLDER = "starter"
_ROOM = 1 << 30
"""Bytes that must be free, so that this never is what fills a disk."""


def place(cache: Path) -> Path:
    """Where the rewritten starter lies or will lie; another starter has another folder."""
    name = Path(starter.LLM.inside).name.replace(".Q4_1.", ".Q8_0.")
    return cache / _FOLDER / starter.LLM.sha256[:12] / name


def has_room(cache: Path) -> bool:
    """Whether there is space enough to write it without making anybody else's scarce."""
    try:
        return shutil.disk_usage(cache).free >= _ROOM
    except OSError:
        return False
