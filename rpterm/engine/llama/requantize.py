"""Requantizes weights to Q8_0; the file is written completely or not at all."""

from __future__ import annotations

import ctypes
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from rpterm.engine.llama.binding import lib

_STALE_S = 3600.0


def requantize(source: Path, target: Path, threads: int) -> bool:
    """Write the weights of ``source`` as Q8_0 to ``target``.

    Several processes may do this at the same time: each writes its own temporary file and renames
    it.

    Returns:
        Whether it worked. A folder that cannot be written is no error: the source can be used as
        it is.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale_parts(target.parent)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
    except OSError:
        return False
    os.close(handle)
    temporary = Path(name)
    try:
        if not _write(source, temporary, threads):
            return False
        temporary.replace(target)
        return True
    except OSError:
        return False
    finally:
        with suppress(OSError):
            temporary.unlink()


def _write(source: Path, temporary: Path, threads: int) -> bool:
    params = lib.llama_model_quantize_default_params()
    params.ftype = lib.LLAMA_FTYPE_MOSTLY_Q8_0
    params.allow_requantize = True
    params.nthread = threads
    code = lib.llama_model_quantize(
        str(source).encode(), str(temporary).encode(), ctypes.byref(params)
    )
    return bool(code == 0 and temporary.stat().st_size > 0)


def _remove_stale_parts(folder: Path) -> None:
    """Remove temporary files of processes that were killed while writing."""
    for path in folder.glob(".*.part"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _STALE_S:
                path.unlink()
