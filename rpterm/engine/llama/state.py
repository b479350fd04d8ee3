"""Evaluated tokens in a file: a chat is opened again, and a card scored, without evaluating it.

llama.cpp writes the cells; a trailer of ours follows: a JSON object, its length, and a magic word.
A file that was cut has no trailer; one of another model, adapter or number format is refused by it
(llama.cpp itself takes a foreign model's cells if only their shape fits). A checksum covers the
trailer's own facts and samples of the cells; the file is written beside its place and renamed.
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
from rpterm.engine.llama.kv import CHAT, ChatCache
from rpterm.engine.llama.model import Model

_MAGIC = b"rptermKV1"
_TAIL = struct.Struct("<I9s")
_SAMPLE = 1 << 16
_SAMPLES = 64


@dataclass(frozen=True, slots=True)
class Place:
    """One sequence of a llama.cpp context."""

    model: Model
    context: Any
    sequence: int


def save(cache: ChatCache, path: Path) -> bool:
    """Write the chat's cache; false where it holds nothing or the disk refuses."""
    return write(_chat(cache), cache.tokens, path, cache.exact)


def load(cache: ChatCache, path: Path) -> int:
    """Read a cache; tokens restored. After 0 the cache is empty. What it held is put aside."""
    cache.parked.serve(cache, ())
    cache.clear()
    tokens, exact = read(_chat(cache), path, cache.model.options.context)
    if not tokens:
        cache.clear()
        return 0
    cache.tokens[:] = tokens
    cache.exact = exact
    return len(tokens)


def _chat(cache: ChatCache) -> Place:
    return Place(cache.model, cache.context, CHAT)


def write(place: Place, held: Sequence[int], path: Path, exact: int = 0) -> bool:
    """Write a sequence; false where it holds nothing or the disk refuses.

    Args:
        held: Its tokens.
        exact: How many of them were evaluated as they stand.
    """
    if not held:
        return False
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    tokens = (ctypes.c_int32 * len(held))(*held)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        size = lib.llama_state_seq_save_file(
            place.context, str(temporary).encode(), place.sequence, tokens, len(tokens)
        )
        if not size:
            return False
        _append_trailer(place.model, len(held), exact, temporary)
        temporary.replace(path)
    except OSError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def read(place: Place, path: Path, most: int) -> tuple[list[int], int]:
    """Read a sequence: its tokens, and how many are exact. After none the sequence is spoilt.

    Args:
        most: Tokens it has room for.
    """
    try:
        facts = _read_trailer(path)
    except (OSError, ValueError):
        return [], 0
    count = facts.get("tokens", 0)
    if facts.get("of") != _identity(place.model) or not 0 < count <= most:
        return [], 0
    tokens = (ctypes.c_int32 * count)()
    found = ctypes.c_size_t(0)
    done = lib.llama_state_seq_load_file(
        place.context, str(path).encode(), place.sequence, tokens, count, ctypes.byref(found)
    )
    if not done or found.value != count:
        return [], 0
    return list(tokens), min(count, int(facts.get("exact", 0)))


def _identity(of: Model) -> list[Any]:
    """What a file must have been made with to be of use."""
    model = of.options.model_hash
    if not model:
        status = of.options.path.stat()
        model = f"{status.st_size}:{status.st_mtime_ns}"
    return [model, of.adapter_hash, of.kv_type, of.gpu]


def _append_trailer(model: Model, tokens: int, exact: int, path: Path) -> None:
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        facts = {"of": _identity(model), "tokens": tokens, "exact": exact, "size": size}
        raw = json.dumps(facts | {"sum": _checksum(file, facts)}).encode("ascii")
        file.seek(size)
        file.write(raw + _TAIL.pack(len(raw), _MAGIC))


def _read_trailer(path: Path) -> dict[str, Any]:
    """The facts of a file.

    Raises:
        ValueError: It is cut, foreign or damaged.
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
        facts = json.loads(file.read(length))
        if not isinstance(facts, dict) or facts.get("size") != size:
            raise ValueError("another size")
        if facts.pop("sum", None) != _checksum(file, facts):
            raise ValueError("damaged")
        return facts


def _checksum(file: BinaryIO, facts: dict[str, Any]) -> int:
    """Of the facts and of the cells: the beginning, where the structure is, the end, and samples
    evenly spread between."""
    size = facts["size"]
    total = zlib.crc32(json.dumps(facts).encode("ascii"))
    for at in range(_SAMPLES + 1):
        place = max(0, (size - _SAMPLE) * at // _SAMPLES)
        file.seek(place)
        total = zlib.crc32(file.read(min(_SAMPLE, size - place)), total)
    return total
