"""Checks whether a GGUF file can serve as a chat model, before the engine tries to load it.

For a file the engine cannot use, ``check`` raises an error with one clear sentence: llama.cpp
itself gives no reason, and even loads some of these files (``header`` describes what is read).
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from rpterm.engine.protocol import ModelError
from rpterm.models.header import Header, read_header

_SPLIT_NAME = re.compile(r"^(?P<stem>.+)-(?P<no>\d{5})-of-(?P<count>\d{5})\.gguf$")
_ENCODERS = ("bert", "t5encoder", "gemma-embedding", "eurobert")


def check(path: Path) -> Header:
    """Read the header and check that the file can serve as a chat model.

    Returns:
        The header; for a split model the first file's, with the sizes of all files added up.

    Raises:
        ModelError: It cannot; one sentence says why and what to do.
    """
    header = read_header(path)
    if header.kind == "adapter":
        raise ModelError(
            f"{path.name} is a LoRA adapter, not a model: set it as `adapter` and choose the "
            "model it was made for as `model`."
        )
    if header.kind in ("mmproj", "imatrix") or header.arch in ("clip", "imatrix"):
        is_matrix = "imatrix" in (header.kind, header.arch)
        what = "an importance matrix" if is_matrix else "the image part (mmproj) of a model"
        raise ModelError(f"{path.name} is {what}, which cannot chat: choose the model's own file.")
    if header.splits > 1:
        return _check_splits(path, header)
    _check_size(path, header)
    _check_chat_model(path, header)
    return header


def _check_chat_model(path: Path, header: Header) -> None:
    if header.pooling > 0 or any(name in header.arch for name in _ENCODERS):
        raise ModelError(
            f"{path.name} is an embedding model ({header.arch}), which cannot write text: "
            "choose a chat model."
        )
    if header.arch in ("t5", "wavtokenizer-dec"):
        raise ModelError(f"{path.name} is a {header.arch} model, which cannot chat.")
    if not header.arch or not header.tensor_count:
        missing = "weights" if header.arch else "architecture"
        raise ModelError(
            f"{path.name} has no {missing}: it is not a complete model. Choose another file."
        )


def _check_size(path: Path, header: Header) -> None:
    if header.file_size < header.data_size:
        raise ModelError(
            f"The model file {path} is incomplete: its tensors need {header.data_size:,} bytes and "
            f"it has {header.file_size:,}. Download it again."
        )


def split_files(path: Path, count: int) -> list[Path]:
    """The files of a split model, in order, by llama.cpp's naming scheme.

    Raises:
        ModelError: The name of this part does not follow the scheme.
    """
    match = _SPLIT_NAME.match(path.name)
    if match is None or int(match["count"]) != count:
        raise ModelError(
            f"{path.name} is one of {count} parts of a model, but has another name: call the parts "
            f"NAME-00001-of-{count:05d}.gguf and so on."
        )
    names = (f"{match['stem']}-{no:05d}-of-{count:05d}.gguf" for no in range(1, count + 1))
    return [path.with_name(name) for name in names]


def _check_splits(path: Path, header: Header) -> Header:
    if header.splits > 1000:
        raise ModelError(f"{path.name} says it is one of {header.splits} parts: it is damaged.")
    files = split_files(path, header.splits)
    missing = [file.name for file in files if not file.exists()]
    if missing:
        raise ModelError(
            f"{path.name} is one of {header.splits} parts of a model and {missing[0]} is missing: "
            "put all parts into one folder."
        )
    if header.split != 0:
        raise ModelError(
            f"{path.name} is part {header.split + 1} of a model: give the first part, "
            f"{files[0].name}."
        )
    parts = [header] + [read_header(file) for file in files[1:]]
    for file, part in zip(files, parts, strict=True):
        _check_size(file, part)
    _check_chat_model(path, replace(header, tensor_count=sum(part.tensor_count for part in parts)))
    return replace(
        header,
        file_size=sum(part.file_size for part in parts),
        data_size=sum(part.data_size for part in parts),
        parameters=sum(part.parameters for part in parts),
        block_bytes=sum(part.block_bytes for part in parts),
        tensor_count=sum(part.tensor_count for part in parts),
    )
