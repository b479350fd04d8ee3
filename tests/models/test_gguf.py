"""The header reader and ``check``: what a good file says, and one sentence for every bad one."""

from __future__ import annotations

import os
import struct
import tracemalloc
from dataclasses import asdict
from pathlib import Path

import pytest
from gguf_maker import BASE, TENSORS, build, text, value, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rpterm.engine.protocol import ModelError
from rpterm.models import starter
from rpterm.models.gguf import check
from rpterm.models.header import read_header


def test_a_complete_header_is_read(tmp_path: Path) -> None:
    header = check(write(tmp_path / "tiny.gguf", build()))
    assert asdict(header) | {"file_size": 0, "data_size": 0, "block_bytes": 0} == {
        "arch": "llama",
        "kind": "model",
        "name": "Tiny",
        "version": 3,
        "parameters": 64 * 42 + 2 * 64 * 64,
        "context_length": 4096,
        "block_count": 2,
        "embedding_length": 64,
        "heads": 4,
        "heads_kv": (2, 2),
        "key_length": 16,
        "value_length": 16,
        "vocab_size": 42,
        "quantization": "Q4_1",
        "chat_template": "{{ messages }}",
        "bos": "<s>",
        "eos": "</s>",
        "pooling": 0,
        "adapter_type": "",
        "tensor_count": 3,
        "block_bytes": 0,
        "file_size": 0,
        "data_size": 0,
        "splits": 1,
        "split": 0,
    }
    assert header.file_size == header.data_size
    assert header.block_bytes == 2 * 64 * 64 // 32 * 20


def test_heads_by_layer_and_a_late_token(tmp_path: Path) -> None:
    words = [f"word{n}" for n in range(5000)]
    keys = {
        "llama.attention.head_count_kv": [2, 4],
        "tokenizer.ggml.tokens": words,
        "tokenizer.ggml.eos_token_id": 4321,
        "llama.attention.key_length": 128,
    }
    header = read_header(write(tmp_path / "a.gguf", build(keys)))
    assert header.heads_kv == (2, 4)
    assert header.eos == "word4321"
    assert (header.key_length, header.value_length) == (128, 16)


def test_version_2_is_read(tmp_path: Path) -> None:
    assert check(write(tmp_path / "a.gguf", build(version=2))).version == 2


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"", "is empty"),
        (b"GG", "only 2 bytes"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\n  <HTML>", "web page"),
        (b"PK\x03\x04" + b"\0" * 60, "zip archive"),
        (struct.pack("<Q", 99) + b'{"__metadata__":{}}', "safetensors"),
        (b"tjgg" + b"\1" * 60, "GGJT"),
        (b"lmgg" + b"\1" * 60, "old GGML"),
        (b"\0" * 4096, "begins with zeros"),
        (b"\x1f\x8b\x08" + b"\1" * 60, "gzip"),
        (b'{"name": "Sherlock"}', "JSON"),
        (bytes(range(7, 200)), "damaged"),
        (b"GGUF" + struct.pack("<I", 1) + b"\0" * 99, "version 1"),
        (b"GGUF" + struct.pack("<I", 9) + b"\0" * 99, "version 9"),
        (b"GGUF" + struct.pack(">I", 3) + b"\0" * 99, "big-endian"),
        (b"GGUF" + struct.pack("<I", 3), "incomplete"),
    ],
)
def test_files_that_are_not_gguf_are_described(tmp_path: Path, start: bytes, words: str) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        check(write(tmp_path / "m.gguf", start))
    assert "\n" not in str(caught.value)
    assert "m.gguf" in str(caught.value)


def test_missing_folder_and_forbidden(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no model file"):
        check(tmp_path / "none.gguf")
    with pytest.raises(ModelError, match="There is no model file"):
        check(write(tmp_path / "file", b"x") / "below.gguf")
    with pytest.raises(ModelError, match=r"is a folder: there is no \.gguf"):
        check(tmp_path)
    write(tmp_path / "a.gguf", build())
    with pytest.raises(ModelError, match=r"is a folder: choose a file in it, such as a\.gguf"):
        check(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(ModelError, match="not a regular file"):
        check(tmp_path / "pipe.gguf")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_without_permission_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gguf", build())
    path.chmod(0)
    with pytest.raises(ModelError, match="permission"):
        check(path)


def test_no_permission_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.gguf", build())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ModelError, match="You have no permission to read"):
        check(path)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"general.type": "adapter", "adapter.type": "lora"}, "LoRA adapter"),
        ({"general.type": "mmproj"}, "image part"),
        ({"general.architecture": "clip"}, "image part"),
        ({"general.type": "imatrix"}, "importance matrix"),
        ({"general.architecture": "nomic-bert"}, "embedding model"),
        ({"llama.pooling_type": 3}, "embedding model"),
        ({"general.architecture": "t5"}, "cannot chat"),
        ({"general.architecture": None}, "no architecture"),
        ({"general.alignment": 33}, "alignment of 33"),
        ({"general.alignment": 0}, "alignment of 0"),
        ({"llama.block_count": 4_000_000_000}, "layers"),
        ({"split.count": 2}, "has another name"),
        ({"split.count": 4_000_000}, "damaged"),
    ],
)
def test_files_that_cannot_chat_are_described(
    tmp_path: Path, keys: dict[str, object], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        check(write(tmp_path / "m.gguf", build(keys)))


def test_a_file_without_tensors(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no weights"):
        check(write(tmp_path / "vocab.gguf", build(tensors=())))


def test_a_split_model_is_checked_as_a_whole(tmp_path: Path) -> None:
    first, second = (tmp_path / f"big-0000{n}-of-00002.gguf" for n in (1, 2))
    data = build({"split.count": 2, "split.no": 0})
    write(first, data)
    with pytest.raises(ModelError, match=r"big-00002-of-00002\.gguf is missing"):
        check(first)
    write(second, build({"split.count": 2, "split.no": 1}))
    header = check(first)
    assert header.file_size == first.stat().st_size + second.stat().st_size
    assert header.tensor_count == 6
    with pytest.raises(ModelError, match="give the first part"):
        check(second)
    write(second, second.read_bytes()[:-100])
    with pytest.raises(ModelError, match=r"of-00002\.gguf is incomplete"):
        check(first)


def test_truncation_at_every_byte_is_an_error(tmp_path: Path) -> None:
    whole = build()
    assert whole.index(b"blk.1") < 1150, "every byte of the header is tried"
    path = write(tmp_path / "m.gguf", whole)
    lengths = [*range(1200), *range(1200, len(whole), 97), len(whole) - 1]
    for length in sorted(lengths, reverse=True):
        os.truncate(path, length)
        with pytest.raises(ModelError) as caught:
            check(path)
        if length > 24:
            assert "incomplete" in str(caught.value), (length, str(caught.value))
    assert check(write(path, whole)).data_size == len(whole)


def test_a_truncated_file_is_an_error_with_numbers(tmp_path: Path) -> None:
    whole = build()
    path = write(tmp_path / "m.gguf", whole[:-1000])
    with pytest.raises(ModelError, match=f"need {len(whole):,} bytes and it has"):
        check(path)


def _head(keys: int, tensors: int = 1) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, keys)


LIES = {
    "string length": _head(1) + struct.pack("<Q", 1 << 62) + b"x" * 99,
    "string of 2 GB": _head(1) + struct.pack("<Q", 1 << 31) + b"x" * 99,
    "key count": _head(1 << 60) + b"x" * 99,
    "tensor count": _head(0, 1 << 60) + b"x" * 99,
    "array count": _head(1) + text("a") + struct.pack("<IIQ", 9, 4, 1 << 61) + b"x" * 99,
    "string array": _head(1) + text("a") + struct.pack("<IIQ", 9, 8, 1 << 61) + b"x" * 99,
    "nested array": _head(1) + text("a") + struct.pack("<IIQ", 9, 9, 1) + b"\0" * 99,
    "unknown type": _head(1) + text("a") + struct.pack("<I", 77) + b"\0" * 99,
    "unknown array": _head(1) + text("a") + struct.pack("<IIQ", 9, 77, 1) + b"\0" * 99,
    "dimensions": _head(0) + text("t") + struct.pack("<I", 1 << 31) + b"\0" * 99,
    "huge tensor": _head(0) + text("t") + struct.pack("<IQQIQ", 2, 1 << 63, 1 << 63, 0, 0),
    "far tensor": _head(0) + text("t") + struct.pack("<IQIQ", 1, 32, 0, (1 << 64) - 1),
    "twice": _head(2) + (text("a") + value(1)) * 2,
}


@pytest.mark.parametrize("lie", LIES)
def test_false_sizes_allocate_nothing(tmp_path: Path, lie: str) -> None:
    path = write(tmp_path / "m.gguf", LIES[lie])
    tracemalloc.start()
    try:
        with pytest.raises(ModelError):
            check(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_sparse_file_of_empty_strings_is_refused_soon(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    with path.open("wb") as file:
        file.write(_head(1) + text("a") + struct.pack("<IIQ", 9, 8, 1 << 30))
        file.truncate(1 << 34)
    with pytest.raises(ModelError, match="more than any vocabulary"):
        check(path)


def _only_model_errors(path: Path) -> None:
    try:
        check(path)
    except ModelError as error:
        assert str(error)


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=400), magic=st.booleans())
def test_random_bytes_are_a_header_or_a_model_error(
    tmp_path: Path, data: bytes, magic: bool
) -> None:
    start = b"GGUF" + struct.pack("<I", 3) if magic else b""
    _only_model_errors(write(tmp_path / "m.gguf", start + data))


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_header_is_a_header_or_a_model_error(tmp_path: Path, data: st.DataObject) -> None:
    raw = bytearray(build())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 9))
        raw[at : at + 8] = data.draw(
            st.one_of(st.binary(min_size=8, max_size=8), st.just(b"\xff" * 8), st.just(b"\0" * 8))
        )
    _only_model_errors(write(tmp_path / "m.gguf", bytes(raw)))


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_starter_s_header_mutated(tmp_path: Path, data: st.DataObject) -> None:
    with starter.locate(starter.LLM).open("rb") as file:
        raw = bytearray(file.read(40_000))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 9))
        raw[at : at + 8] = data.draw(st.binary(min_size=8, max_size=8))
    _only_model_errors(write(tmp_path / "m.gguf", bytes(raw)))


def test_the_base_header_is_written_completely() -> None:
    assert build().count(b"general.architecture") == 1
    assert len(BASE) == 13
    assert len(TENSORS) == 3
