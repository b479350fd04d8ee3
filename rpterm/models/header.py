"""Reads the header of a GGUF file strictly and fast, without the weights and without numpy.

It reads a few MB at most and keeps less. It knows versions 2 and 3 of the format, little-endian,
and the sizes of the tensor types. It does not know whether the weights themselves are sane, or
whether llama.cpp supports the architecture.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rpterm.engine.protocol import ModelError
from rpterm.errors import cause_of
from rpterm.models import file_type
from rpterm.models.gguf_reader import ARRAY, STRING, Damaged, GgufReader, Scalar, Truncated

MAX_KEYS, MAX_TENSORS, MAX_TEXT = 16_384, 200_000, 4 << 20

_QUANTIZATIONS: dict[int, str] = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
    23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M",
    30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4", 39: "NVFP4",
    40: "Q1_0",
}  # fmt: skip
"""``general.file_type`` → its common name (llama.h, enum llama_ftype)."""

_BLOCKS: dict[int, tuple[int, int]] = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    9: (32, 40), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
    15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18),
    21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8),
    28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
    40: (64, 36), 41: (128, 18),
}  # fmt: skip
"""Tensor type → (values in a block, bytes of a block) (ggml.c, type_traits)."""


@dataclass(frozen=True, slots=True)
class Header:
    """The metadata of a GGUF file. Numbers are 0 and texts "" where the file has none.

    Attributes:
        kind: ``model``, ``adapter``, ``mmproj``, ``imatrix`` or another ``general.type``.
        parameters: Number of weights, from the tensor table (of this file alone).
        heads_kv: Key-value heads of each layer.
        key_length, value_length: Size of one head's key and value.
        quantization: Name of the file type, such as "Q4_K_M".
        pooling: Pooling type; above 0 it is an embedding or reranking model.
        file_size: Bytes of this file.
        data_size: Bytes it must have according to its tensor table.
        block_bytes: Bytes of the tensors that belong to a layer.
        splits: Number of files the model is split into.
        split: Index of this file, from 0.
    """

    arch: str = ""
    kind: str = "model"
    name: str = ""
    version: int = 0
    parameters: int = 0
    context_length: int = 0
    block_count: int = 0
    embedding_length: int = 0
    heads: int = 0
    heads_kv: tuple[int, ...] = ()
    key_length: int = 0
    value_length: int = 0
    vocab_size: int = 0
    quantization: str = ""
    chat_template: str = ""
    bos: str = ""
    eos: str = ""
    pooling: int = 0
    adapter_type: str = ""
    tensor_count: int = 0
    block_bytes: int = 0
    file_size: int = 0
    data_size: int = 0
    splits: int = 1
    split: int = 0


@dataclass(slots=True)
class _Metadata:
    """Keys and values read so far; ``tokens`` are offsets into the vocabulary."""

    values: dict[str, Any] = field(default_factory=dict)
    tokens: list[int] = field(default_factory=list)
    token_count: int = 0


def read_header(path: Path) -> Header:
    """Read the header of a GGUF file.

    Raises:
        ModelError: It is not a readable GGUF file; the message says what it is instead.
    """
    try:
        size = _file_size(path)
        with path.open("rb", buffering=0) as file:
            reader = GgufReader(file, size)
            return _read(reader, _read_version(reader, path))
    except Truncated as error:
        raise ModelError(
            f"The model file {path} is incomplete, it ends after {size:,} bytes: its header "
            f"{error}. Download it again."
        ) from error
    except Damaged as error:
        raise ModelError(
            f"The model file {path} is damaged: its header {error}. Download it again."
        ) from error
    except OSError as error:
        raise ModelError(_os_message(path, error)) from error


def _file_size(path: Path) -> int:
    """Size of the file in bytes, after the checks that need no reading."""
    if path.is_dir():
        inside = sorted(file.name for file in path.glob("*.gguf"))
        hint = (
            f"choose a file in it, such as {inside[0]}"
            if inside
            else "there is no .gguf file in it"
        )
        raise ModelError(f"The model {path} is a folder: {hint}.")
    if not path.is_file() and path.exists():
        raise ModelError(f"The model {path} is not a regular file.")
    size = path.stat().st_size
    if size == 0:
        raise ModelError(f"The model file {path} is empty. Download it again.")
    return size


def _os_message(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return f"There is no model file {path}. See `rpterm models` for the ones you have."
    if isinstance(error, PermissionError):
        return f"You have no permission to read the model file {path}: change its permissions."
    return f"The model file {path} cannot be read: {cause_of(error)}."


def _read_version(reader: GgufReader, path: Path) -> int:
    """Check the magic bytes and return the format version."""
    start = reader.take(min(512, reader.size))
    if start[:4] != b"GGUF":
        raise ModelError(f"{path} is not a GGUF model: {file_type.describe(start, path)}")
    reader.go_to(4)
    version = reader.u32()
    if version in (0x02000000, 0x03000000):
        raise ModelError(f"{path} is a big-endian GGUF file, which this machine cannot use.")
    if version == 1:
        raise ModelError(f"{path} is a GGUF file of version 1 (August 2023): get a newer file.")
    if version not in (2, 3):
        raise ModelError(
            f"{path} claims to be a GGUF file of version {version}, but only 2 and 3 are known: it "
            "is damaged, or newer than this program."
        )
    return version


def _read(reader: GgufReader, version: int) -> Header:
    tensors, keys = reader.u64(), reader.u64()
    if keys > MAX_KEYS:
        raise Damaged(f"lists {keys:,} keys")
    if tensors > MAX_TENSORS:
        raise Damaged(f"lists {tensors:,} tensors")
    metadata = _Metadata()
    for _ in range(keys):
        _read_key(reader, metadata)
    header = _header(reader, metadata, version)
    align = _int(metadata.values, "general.alignment", 32)
    if align <= 0 or align & (align - 1) or align > 1 << 20:
        raise Damaged(f"asks for an alignment of {align}")
    return _read_tensors(reader, header, tensors, align)


def _read_key(reader: GgufReader, metadata: _Metadata) -> None:
    """Read one key and its value; values that nobody needs are skipped."""
    key = reader.text(65_535)
    if key in metadata.values:
        raise Damaged(f"lists the key {key[:60]!r} twice")
    kind = reader.u32()
    if kind == STRING:
        wanted = key.startswith(("general.", "adapter.")) or key == "tokenizer.chat_template"
        metadata.values[key] = reader.text(MAX_TEXT) if wanted else None
        if not wanted:
            reader.skip_text()
    elif kind != ARRAY:
        metadata.values[key] = reader.scalar(kind)
    elif key == "tokenizer.ggml.tokens":
        element, count = reader.array_head()
        if element != STRING:
            raise Damaged("lists tokens that are not strings")
        metadata.token_count, metadata.tokens = count, reader.skip_strings(count)
        metadata.values[key] = None
    elif "head_count" in key:
        metadata.values[key] = reader.numbers()
    else:
        reader.skip_array()
        metadata.values[key] = None


def _header(reader: GgufReader, metadata: _Metadata, version: int) -> Header:
    values = metadata.values
    arch = _text(values, "general.architecture")
    heads = _ints(values, f"{arch}.attention.head_count")
    embedding = _int(values, f"{arch}.embedding_length")
    layers = _int(values, f"{arch}.block_count")
    if layers > 10_000:
        raise Damaged(f"asks for {layers:,} layers")
    max_heads = max(heads, default=0)
    length = embedding // max_heads if max_heads else 0
    return Header(
        arch=arch,
        kind=_text(values, "general.type") or "model",
        name=_text(values, "general.name"),
        version=version,
        context_length=_int(values, f"{arch}.context_length"),
        block_count=layers,
        embedding_length=embedding,
        heads=max_heads,
        heads_kv=_heads_kv(values, arch, heads, layers),
        key_length=_int(values, f"{arch}.attention.key_length", length),
        value_length=_int(values, f"{arch}.attention.value_length", length),
        vocab_size=metadata.token_count or _int(values, f"{arch}.vocab_size"),
        quantization=_QUANTIZATIONS.get(_int(values, "general.file_type", -1) & ~1024, ""),
        chat_template=_text(values, "tokenizer.chat_template"),
        bos=_token_text(reader, metadata, "tokenizer.ggml.bos_token_id"),
        eos=_token_text(reader, metadata, "tokenizer.ggml.eos_token_id"),
        pooling=_int(values, f"{arch}.pooling_type"),
        adapter_type=_text(values, "adapter.type"),
        splits=_int(values, "split.count", 1) or 1,
        split=_int(values, "split.no"),
        file_size=reader.size,
    )


def _heads_kv(values: dict[str, Any], arch: str, heads: list[int], layers: int) -> tuple[int, ...]:
    """Key-value heads of each layer; a file has one number for all layers, a list, or none."""
    given = _ints(values, f"{arch}.attention.head_count_kv") or heads
    if len(given) == 1:
        given = given * layers
    return tuple(given[:layers])


def _token_text(reader: GgufReader, metadata: _Metadata, key: str) -> str:
    index = _int(metadata.values, key, -1)
    if not 0 <= index < metadata.token_count:
        return ""
    return reader.string_at(metadata.tokens, index)


def _read_tensors(reader: GgufReader, header: Header, count: int, align: int) -> Header:
    """Read the tensor table, which determines the size of a complete file."""
    end = parameters = block_bytes = 0
    for _ in range(count):
        name = reader.text(1024)
        dimensions = reader.u32()
        if dimensions > 8:
            raise Damaged(f"has a tensor of {dimensions:,} dimensions")
        values = 1
        for _ in range(dimensions):
            values *= reader.u64()
        kind, offset = reader.u32(), reader.u64()
        size = _tensor_bytes(values, kind)
        end = max(end, offset + size)
        parameters += values
        if name.startswith("blk."):
            block_bytes += size
    if end > 1 << 50 or parameters > 1 << 50:
        raise Damaged("asks for more weights than any model has")
    start = (reader.offset + align - 1) // align * align
    return replace(
        header,
        tensor_count=count,
        parameters=parameters,
        block_bytes=block_bytes,
        data_size=start + end if count else reader.offset,
    )


def _tensor_bytes(values: int, kind: int) -> int:
    """Bytes of a tensor; a type missing in the table counts as 0, llama.cpp will check it."""
    per_block, size = _BLOCKS.get(kind, (1, 0))
    return -(-values // per_block) * size


def _text(values: dict[str, Any], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _int(values: dict[str, Any], key: str, default: int = 0) -> int:
    value = values.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _ints(values: dict[str, Any], key: str) -> list[int]:
    """A number or an array of numbers, as a list; invalid values count as 0."""
    value: Scalar | list[Scalar] | None = values.get(key)
    if value is None or isinstance(value, str):
        return []
    listed = value if isinstance(value, list) else [value]
    return [int(each) if isinstance(each, int) and 0 <= each < 1 << 20 else 0 for each in listed]
