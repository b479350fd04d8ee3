"""Identifies a weights file by its SHA-256, or by a fingerprint where that would take too long.

``model_hash`` is what the store and the names of saved caches use:

- for a file of up to 512 MiB: the SHA-256 of the whole file, 64 hex digits;
- for a larger one: ``fp1-`` and the SHA-256 of its size, its first 8 MiB (the header with the
  tensor table and the vocabulary), 64 evenly spread samples of 64 KiB, and its last 64 KiB. This
  reads 12 MiB instead of 12 GB before the first reply. Two fine-tunes of one model differ in nearly
  every sample; a single flipped bit is not noticed. ``file_hash`` notices it, but takes its time.

The choice depends only on the size, so a file has the same ``model_hash`` on every machine. Both
hashes are computed once and cached until the file's size or modification time changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from rpterm.engine.protocol import ModelError
from rpterm.errors import cause_of
from rpterm.models.file_cache import FileCache
from rpterm.paths import sha256

MAX_FULL_HASH = 512 << 20
_HEAD_BYTES, _SAMPLE_BYTES, _SAMPLES = 8 << 20, 64 << 10, 64


def file_hash(path: Path, cache: Path | None) -> str:
    """SHA-256 of a whole file, in hex.

    Args:
        cache: The cache folder; ``None`` for no cache.

    Raises:
        ModelError: The file cannot be read.
    """
    return _cached(path, cache, "sha256", lambda: sha256(path))


def adapter_hash(name: str, cache: Path | None) -> str:
    """The SHA-256 of the adapter with this name as it is now; "" without a name."""
    return file_hash(Path(name).expanduser(), cache) if name else ""


def known_hash(path: Path, cache: Path | None) -> str | None:
    """The SHA-256 of a whole file if it is in the cache; nothing is computed."""
    try:
        known = FileCache(path, cache).get("sha256")
    except OSError:
        return None
    return known if isinstance(known, str) else None


def model_hash(path: Path, cache: Path | None = None) -> str:
    """The identity of a model in the store; see the module docstring.

    Raises:
        ModelError: The file cannot be read.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error
    if size <= MAX_FULL_HASH:
        return file_hash(path, cache)
    return _cached(path, cache, "fingerprint", lambda: _fingerprint(path, size))


def _cached(path: Path, cache: Path | None, key: str, compute: Callable[[], str]) -> str:
    try:
        facts = FileCache(path, cache)
        known = facts.get(key)
        if isinstance(known, str):
            return known
        computed = compute()
        facts.set(key, computed)
        return computed
    except OSError as error:
        raise _unreadable(path, error) from error


def _fingerprint(path: Path, size: int) -> str:
    digest = hashlib.sha256(str(size).encode())
    last = size - _SAMPLE_BYTES
    with path.open("rb", buffering=0) as file:
        digest.update(file.read(_HEAD_BYTES))
        for index in range(1, _SAMPLES + 1):
            file.seek(_HEAD_BYTES + (last - _HEAD_BYTES) * index // _SAMPLES)
            digest.update(file.read(_SAMPLE_BYTES))
    return "fp1-" + digest.hexdigest()


def _unreadable(path: Path, error: OSError) -> ModelError:
    return ModelError(f"The model file {path} cannot be read: {cause_of(error)}.")
