"""Looks at a weights' file before llama.cpp does, which would only say that it failed."""

from __future__ import annotations

import os
from pathlib import Path

from rpterm.engine.protocol import ModelError

_MAGIC = b"GGUF"
_LARGEST_CONTEXT = 1 << 24


def check_file(path: Path, what: str = "model") -> None:
    """Refuse what cannot be a GGUF file.

    Raises:
        ModelError: Missing, a folder, unreadable, empty, too short, or another format.
    """
    if path.is_dir():
        raise ModelError(f"{path} is a folder: name the {what}'s .gguf file in it.")
    if not path.exists():
        raise ModelError(f"There is no {what} file {path}: check the path, or pull a model.")
    try:
        with path.open("rb") as file:
            head = file.read(24)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ModelError(f"The {what} file {path} cannot be read ({reason}).") from error
    if not head:
        raise ModelError(f"The {what} file {path} is empty: download it again.")
    if not head.startswith(_MAGIC):
        raise ModelError(f"{path} is no GGUF file: rpterm needs a {what} in GGUF format.")
    if len(head) < 24:
        raise ModelError(f"The {what} file {path} is cut off: download it again.")


def check_context(context: int) -> None:
    """Refuse windows that no model has; larger ones make llama.cpp hang.

    Raises:
        ModelError: Not positive, or absurdly large.
    """
    if context <= 0:
        raise ModelError(f"A context of {context} tokens is impossible: choose 512 or more.")
    if context > _LARGEST_CONTEXT:
        raise ModelError(f"No model has a context of {context:,} tokens: choose a smaller one.")


def load_failure(path: Path, log: str) -> str:
    """One sentence for people from what llama.cpp logged when loading failed."""
    text = log.lower()
    if "not within" in text or "corrupted or incomplete" in text or "failed to read" in text:
        return f"The model file {path} is cut off or damaged: download it again."
    if "unknown model architecture" in text:
        return f"The model in {path} is of a kind this build of llama.cpp does not know."
    if "alloc" in text or "out of memory" in text:
        return f"There is not enough memory for {path}: choose a smaller model or context."
    return f"llama.cpp cannot load {path}: the file is damaged or of an unknown kind."
