"""Writes weights again in Q8_0, whole or not at all."""

from __future__ import annotations

import ctypes
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from rpterm.engine.llama.binding import lib

_FORGOTTEN_S = 3600.0


def requantize(source: Path, target: Path, threads: int) -> bool:
    """Write the weights of ``source`` as Q8_0 to ``target``; whether that is done.

    Several processes may do so at once: each writes a file of its own and puts it in place as a
    whole. A folder that cannot be written is no error, the source serves as well.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
    except OSError:
        return False
    os.close(handle)
    draft = Path(name)
    try:
        if not _write(source, draft, threads):
            return False
        draft.replace(target)
        return True
    except OSError:
        return False
    finally:
        with suppress(OSError):
            draft.unlink()


def _write(source: Path, draft: Path, threads: int) -> bool:
    params = lib.llama_model_quantize_default_params()
    params.ftype = lib.LLAMA_FTYPE_MOSTLY_Q8_0
    params.allow_requantize = True
    params.nthread = threads
    code = lib.llama_model_quantize(str(source).encode(), str(draft).encode(), ctypes.byref(params))
    return bool(code == 0 and draft.stat().st_size > 0)


def _sweep(folder: Path) -> None:
    """Remove what a process left that was killed while it wrote."""
    for path in folder.glob(".*.part"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _FORGOTTEN_S:
                path.unlink()
