"""Makes small GGUF files, right and wrong ones, for the tests of this room."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

STRING, ARRAY, U32, F32, BOOL, U64 = 8, 9, 4, 6, 7, 10


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def value(given: Any) -> bytes:
    """Type and value, as after a key."""
    if isinstance(given, bool):
        return struct.pack("<I?", BOOL, given)
    if isinstance(given, int):
        return struct.pack("<II", U32, given)
    if isinstance(given, float):
        return struct.pack("<If", F32, given)
    if isinstance(given, str):
        return struct.pack("<I", STRING) + text(given)
    if given and isinstance(given[0], str):
        body = b"".join(text(each) for each in given)
        return struct.pack("<IIQ", ARRAY, STRING, len(given)) + body
    return struct.pack("<IIQ", ARRAY, U32, len(given)) + struct.pack(f"<{len(given)}I", *given)


BASE: dict[str, Any] = {
    "general.architecture": "llama",
    "general.name": "Tiny",
    "general.file_type": 3,
    "llama.context_length": 4096,
    "llama.block_count": 2,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
    "tokenizer.ggml.tokens": ["<s>", "</s>", *(f"w{n}" for n in range(40))],
    "tokenizer.ggml.bos_token_id": 0,
    "tokenizer.ggml.eos_token_id": 1,
    "tokenizer.ggml.add_bos_token": True,
    "tokenizer.chat_template": "{{ messages }}",
}
TENSORS: tuple[tuple[str, tuple[int, ...], int], ...] = (
    ("token_embd.weight", (64, 42), 0),
    ("blk.0.attn_q.weight", (64, 64), 3),
    ("blk.1.attn_q.weight", (64, 64), 3),
)
SIZES = {0: (1, 4), 3: (32, 20)}


def build(
    keys: dict[str, Any] | None = None,
    tensors: tuple[tuple[str, tuple[int, ...], int], ...] = TENSORS,
    version: int = 3,
) -> bytes:
    """A whole file: header, padding, zeros for weights."""
    merged = {**BASE, **(keys or {})}
    pairs = [(key, each) for key, each in merged.items() if each is not None]
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs))
    head += b"".join(text(key) + value(each) for key, each in pairs)
    offset = 0
    for name, dims, kind in tensors:
        count = 1
        for each in dims:
            count *= each
        head += text(name) + struct.pack("<I", len(dims)) + struct.pack(f"<{len(dims)}Q", *dims)
        head += struct.pack("<IQ", kind, offset)
        block, size = SIZES[kind]
        offset += (count // block * size + 31) // 32 * 32
    return head + b"\0" * (-len(head) % 32) + b"\0" * offset


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
