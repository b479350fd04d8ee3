"""Checks files and options before loading, because llama.cpp gives no reason when it fails."""

from __future__ import annotations

import os
from pathlib import Path

from rpterm.engine.protocol import ModelError

_MAGIC = b"GGUF"
_LARGEST_CONTEXT = 1 << 24


def check_file(path: Path, what: str = "model") -> None:
    """Check that a file can be a GGUF file.

    Args:
        what: What to call it in messages: model or adapter.

    Raises:
        ModelError: It is missing, a folder, unreadable, empty, truncated or in another format.
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
        raise ModelError(f"{path} is not a GGUF file: rpterm needs a {what} in GGUF format.")
    if len(head) < 24:
        raise ModelError(f"The {what} file {path} is incomplete: download it again.")


def check_context(context: int) -> None:
    """Check the context length; an absurdly large one makes llama.cpp hang.

    Raises:
        ModelError: It is not positive, or larger than that of any model.
    """
    if context <= 0:
        raise ModelError(f"A context of {context} tokens is impossible: choose 512 or more.")
    if context > _LARGEST_CONTEXT:
        raise ModelError(f"No model has a context of {context:,} tokens: choose a smaller one.")


def load_failure(path: Path, log: str) -> str:
    """Turn what llama.cpp logged when loading failed into one sentence for the user."""
    text = log.lower()
    if "not within" in text or "corrupted or incomplete" in text or "failed to read" in text:
        return f"The model file {path} is incomplete or damaged: download it again."
    if "unknown model architecture" in text:
        return f"This build of llama.cpp does not know the architecture of the model {path}."
    if "alloc" in text or "out of memory" in text:
        return f"There is not enough memory for {path}: choose a smaller model or context."
    return f"llama.cpp cannot load {path}: the file is damaged or of an unknown kind."
