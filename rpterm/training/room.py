"""Room on the disk for a training: told before it begins, and when it was filled meanwhile."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from rpterm.plural import sized
from rpterm.training.plan import TrainingError

_EACH = 12
"""Bytes of a checkpoint for each trained number: itself and the two means of the optimizer."""
_BESIDE = 20 << 20
"""Bytes of a checkpoint besides: the tokenizer's files."""
_AT_ONCE = 3
"""Checkpoints: two that stay and the one that is written."""
_NOTHING = 1 << 20


def check(folder: Path, trained: int) -> None:
    """Look for room before the first step.

    Args:
        trained: Numbers of the adapter.

    Raises:
        TrainingError: There is too little.
    """
    there = sum(path.stat().st_size for path in folder.rglob("checkpoint-*/*"))
    needed = max(0, _AT_ONCE * (_EACH * trained + _BESIDE) - there)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise TrainingError(
            f"The steps that are kept need {sized(needed)} and {folder} has {sized(free)} free: "
            "make room, or write elsewhere with --to."
        )


def is_full(error: Exception, folder: Path) -> bool:
    """Whether an error came of a full disk, which every library says in its own way."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return "No space left" in str(error) or shutil.disk_usage(folder).free < _NOTHING


def filled(folder: Path) -> TrainingError:
    """That the disk was filled while it was trained."""
    return TrainingError(
        f"The disk of {folder} is full: make room, and the same command goes on from the last "
        "step that was kept."
    )
