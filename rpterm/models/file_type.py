"""Recognizes by its first bytes what a file is that is not a GGUF model."""

from __future__ import annotations

from pathlib import Path

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (
        b"version https://git-lfs",
        "it is a Git LFS pointer, a few lines of text instead of the model. Run `git lfs pull`, "
        "or download the file itself.",
    ),
    (b"lmgg", "it is an old GGML file from before August 2023. Get the model as GGUF."),
    (b"fmgg", "it is an old GGMF file from before August 2023. Get the model as GGUF."),
    (b"tjgg", "it is an old GGJT file from before August 2023. Get the model as GGUF."),
    (b"algg", "it is an old GGLA adapter from before August 2023. Get the model as GGUF."),
    (
        b"PK\x03\x04",
        "it is a zip archive, perhaps a PyTorch file. Unpack it, or get the model as GGUF.",
    ),
    (b"\x1f\x8b", "it is a gzip archive. Unpack it first."),
    (b"\xfd7zXZ\x00", "it is an xz archive. Unpack it first."),
    (b"\x28\xb5\x2f\xfd", "it is a zstd archive. Unpack it first."),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive. Unpack it first."),
    (
        b"\x89PNG",
        "it is a PNG image. If it is a character card, open it as a card, not as a model.",
    ),
    (b"\x89HDF", "it is an HDF5 file. Get the model as GGUF."),
    (b"\x80\x02", "it is a Python pickle. Get the model as GGUF."),
    (b"\x80\x03", "it is a Python pickle. Get the model as GGUF."),
    (b"\x80\x04", "it is a Python pickle. Get the model as GGUF."),
    (b"\x7fELF", "it is a program."),
    (b"MZ", "it is a Windows program."),
)


def describe(start: bytes, path: Path) -> str:
    """The rest of the sentence "… is not a GGUF model: ".

    Args:
        start: The first bytes of the file; 512 are enough.
        path: Its name, for what the bytes do not show.
    """
    for magic, description in _MAGIC:
        if start.startswith(magic):
            return description
    if not start.strip(b"\x00"):
        return "it begins with zeros, like an unfinished download. Download it again."
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
        return (
            "it is a web page, probably because the download needs a login. Open the link in a "
            "browser, or use `rpterm models pull`."
        )
    if _is_safetensors(start):
        return "it is a safetensors file. Get the model as GGUF, or convert it with llama.cpp."
    if text.startswith((b"{", b"[")):
        return "it is a JSON file."
    if len(start) < 8:
        return f"it has only {len(start)} bytes. Download it again."
    if path.suffix == ".gguf":
        return "its first bytes are wrong, so it is damaged. Download it again."
    return "choose a file that ends in .gguf."


def _is_safetensors(start: bytes) -> bool:
    return len(start) > 9 and int.from_bytes(start[:8], "little") < 1 << 30 and start[8:9] == b"{"
