"""Which file of weights is it? A full SHA-256, or a fingerprint where that would take too long.

The store's ``model_hash`` and the names of saved caches come from ``model_hash``:

- a file of up to 512 MiB: the SHA-256 of all of it, 64 hex digits;
- a larger one: ``fp1-`` and the SHA-256 of its size, its first 8 MiB (the header with the table of
  tensors and the vocabulary), 64 samples of 64 KiB spread evenly, and its last 64 KiB. That reads
  12 MiB, not 12 GB, before the first reply. Two fine-tunings of one model differ in nearly every
  sample; a single flipped bit is not seen. ``file_hash`` sees it, and takes its time.

Which of the two a file gets follows from its size alone, so the same file always has the same
``model_hash``, on every machine. Both are computed once and remembered while size and time of
change stay the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from rpterm.engine.protocol import ModelError
from rpterm.marks import why
from rpterm.models.remember import FileFacts

WHOLE_UP_TO = 512 << 20
_HEAD, _SAMPLE, _SAMPLES = 8 << 20, 64 << 10, 64


def file_hash(path: Path, cache: Path | None = None) -> str:
    """SHA-256 of a whole file, hex.

    Args:
        cache: The cache folder; ``None`` remembers nothing.

    Raises:
        ModelError: The file cannot be read.
    """
    return _remembered(path, cache, "sha256", lambda: _whole(path))


def known_hash(path: Path, cache: Path | None) -> str | None:
    """The SHA-256 of a whole file where it is remembered; nothing is computed."""
    try:
        known = FileFacts(path, cache).get("sha256")
    except OSError:
        return None
    return known if isinstance(known, str) else None


def model_hash(path: Path, cache: Path | None = None) -> str:
    """What identifies this model in the store: see the module's text.

    Raises:
        ModelError: The file cannot be read.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error
    if size <= WHOLE_UP_TO:
        return file_hash(path, cache)
    return _remembered(path, cache, "fingerprint", lambda: _fingerprint(path, size))


def _remembered(path: Path, cache: Path | None, key: str, compute: Callable[[], str]) -> str:
    try:
        facts = FileFacts(path, cache)
        known = facts.get(key)
        if isinstance(known, str):
            return known
        found = compute()
        facts.set(key, found)
        return found
    except OSError as error:
        raise _unreadable(path, error) from error


def _whole(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fingerprint(path: Path, size: int) -> str:
    digest = hashlib.sha256(str(size).encode())
    last = size - _SAMPLE
    with path.open("rb", buffering=0) as file:
        digest.update(file.read(_HEAD))
        for index in range(1, _SAMPLES + 1):
            file.seek(_HEAD + (last - _HEAD) * index // _SAMPLES)
            digest.update(file.read(_SAMPLE))
    return "fp1-" + digest.hexdigest()


def _unreadable(path: Path, error: OSError) -> ModelError:
    return ModelError(f"The model file {path} cannot be read: {why(error)}.")
