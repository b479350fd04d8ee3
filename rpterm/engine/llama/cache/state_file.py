"""Saves and loads a sequence's KV cache, so that its tokens need no evaluation after a restart.

llama.cpp writes the cells; rpterm appends a trailer: a JSON object, its length and a magic word. A
truncated file has no trailer, and the trailer refuses a file of another model, adapter or number
format (llama.cpp itself accepts the cells of any model of the same shape). A checksum covers the
trailer's own fields and samples of the cells. The file is written under a temporary name and then
renamed.
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from rpterm.engine.llama.binding import lib
from rpterm.engine.llama.cache.kv import CHAT, ChatCache
from rpterm.engine.llama.messages import unfinished_file
from rpterm.engine.llama.model import Model

_MAGIC = b"rptermKV1"
_TAIL = struct.Struct("<I9s")
_SAMPLE_BYTES = 1 << 16
_SAMPLES = 64


@dataclass(frozen=True, slots=True)
class SequenceRef:
    """One sequence of a llama.cpp context."""

    model: Model
    context: Any
    sequence: int


def save(cache: ChatCache, path: Path) -> bool:
    """Save the chat's cache; false where it is empty or the file cannot be written."""
    return write(_chat_sequence(cache), cache.tokens, path, cache.exact)


def load(cache: ChatCache, path: Path) -> int:
    """Load the chat's cache; its previous content is kept in host memory.

    Returns:
        How many tokens were restored; after 0 the cache is empty.
    """
    cache.host_cache.swap(cache, ())
    cache.clear()
    tokens, exact = read(_chat_sequence(cache), path, cache.model.options.context)
    if not tokens:
        cache.clear()
        return 0
    cache.tokens[:] = tokens
    cache.exact = exact
    return len(tokens)


def _chat_sequence(cache: ChatCache) -> SequenceRef:
    return SequenceRef(cache.model, cache.context, CHAT)


def write(sequence: SequenceRef, held: Sequence[int], path: Path, exact: int = 0) -> bool:
    """Write a sequence; false where it is empty or the file cannot be written.

    Args:
        held: The tokens of the sequence.
        exact: How many of them are exact (see ``kv``).
    """
    if not held:
        return False
    temporary = unfinished_file(path, os.getpid())
    tokens = (ctypes.c_int32 * len(held))(*held)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        size = lib.llama_state_seq_save_file(
            sequence.context, str(temporary).encode(), sequence.sequence, tokens, len(tokens)
        )
        if not size:
            return False
        _append_trailer(sequence.model, len(held), exact, temporary)
        temporary.replace(path)
    except OSError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def read(sequence: SequenceRef, path: Path, capacity: int) -> tuple[list[int], int]:
    """Read a sequence.

    Args:
        capacity: How many tokens it has room for.

    Returns:
        Its tokens, and how many of them are exact. Without tokens, the cells of the sequence are
        undefined.
    """
    try:
        trailer = _read_trailer(path)
    except (OSError, ValueError):
        return [], 0
    count = trailer.get("tokens", 0)
    if trailer.get("of") != _identity(sequence.model) or not 0 < count <= capacity:
        return [], 0
    tokens = (ctypes.c_int32 * count)()
    found = ctypes.c_size_t(0)
    loaded = lib.llama_state_seq_load_file(
        sequence.context, str(path).encode(), sequence.sequence, tokens, count, ctypes.byref(found)
    )
    if not loaded or found.value != count:
        return [], 0
    return list(tokens), min(count, int(trailer.get("exact", 0)))


def _identity(model: Model) -> list[Any]:
    """What must be equal for the cells of a file to be valid here."""
    weights = model.options.model_hash
    if not weights:
        status = model.options.path.stat()
        weights = f"{status.st_size}:{status.st_mtime_ns}"
    return [weights, model.adapter_hash, model.kv_type, model.gpu]


def _append_trailer(model: Model, tokens: int, exact: int, path: Path) -> None:
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        trailer = {"of": _identity(model), "tokens": tokens, "exact": exact, "size": size}
        raw = json.dumps(trailer | {"sum": _checksum(file, trailer)}).encode("ascii")
        file.seek(size)
        file.write(raw + _TAIL.pack(len(raw), _MAGIC))


def _read_trailer(path: Path) -> dict[str, Any]:
    """Read and check the trailer of a file.

    Raises:
        ValueError: The file is truncated, damaged or of another format.
    """
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        if end < _TAIL.size:
            raise ValueError("too short")
        file.seek(end - _TAIL.size)
        length, magic = _TAIL.unpack(file.read(_TAIL.size))
        size = end - _TAIL.size - length
        if magic != _MAGIC or size < 0:
            raise ValueError("no trailer")
        file.seek(size)
        trailer = json.loads(file.read(length))
        if not isinstance(trailer, dict) or trailer.get("size") != size:
            raise ValueError("another size")
        if trailer.pop("sum", None) != _checksum(file, trailer):
            raise ValueError("damaged")
        return trailer


def _checksum(file: BinaryIO, trailer: dict[str, Any]) -> int:
    """CRC of the trailer's fields and of evenly spread samples of the cells, among them the
    beginning, which holds the structure, and the end."""
    size = trailer["size"]
    checksum = zlib.crc32(json.dumps(trailer).encode("ascii"))
    for number in range(_SAMPLES + 1):
        offset = max(0, (size - _SAMPLE_BYTES) * number // _SAMPLES)
        file.seek(offset)
        checksum = zlib.crc32(file.read(min(_SAMPLE_BYTES, size - offset)), checksum)
    return checksum
