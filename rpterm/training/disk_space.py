"""Checks the disk space before a training, and recognizes a disk that filled up during it."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from rpterm.errors import RptermError
from rpterm.humanize import byte_size

_BYTES_PER_PARAMETER = 12
"""In a checkpoint: the parameter itself and the two moments of the optimizer."""
_OTHER_BYTES = 20 << 20
"""In a checkpoint: mostly the tokenizer's files."""
_CHECKPOINTS = 3
"""At once: two that are kept and the one being written."""
_FULL_BELOW = 1 << 20


def check(folder: Path, parameters: int) -> None:
    """Check the disk space before the first step.

    Args:
        parameters: Number of trained parameters.

    Raises:
        RptermError: There is too little.
    """
    existing = sum(path.stat().st_size for path in folder.rglob("checkpoint-*/*"))
    needed = max(0, _CHECKPOINTS * (_BYTES_PER_PARAMETER * parameters + _OTHER_BYTES) - existing)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise RptermError(
            f"The checkpoints need {byte_size(needed)} and {folder} has {byte_size(free)} free: "
            "free some space, or write elsewhere with --to."
        )


def is_full(error: Exception, folder: Path) -> bool:
    """Whether a full disk caused an error; every library reports it differently."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return "No space left" in str(error) or shutil.disk_usage(folder).free < _FULL_BELOW
