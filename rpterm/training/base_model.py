"""Loads the base model from its GGUF file for training: dequantized, with its own chat template.

transformers dequantizes the file, so the adapter is trained on exactly the weights that llama.cpp
runs, except for the rounding of llama.cpp's own arithmetic.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rpterm.errors import RptermError
from rpterm.hardware.system_memory import system_memory
from rpterm.models.header import read_header

_PACKAGES = ("trl", "peft", "accelerate", "datasets", "gguf")
_PROJECTIONS = (
    "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    "qkv_proj", "gate_up_proj",
)  # fmt: skip
_FLOAT_BYTES = 4
_MEMORY_FACTOR = 1.5
"""Half as much again as the weights, for gradients, activations and the file."""


@dataclass(slots=True)
class BaseModel:
    """A model and its tokenizer; ``targets`` are the matrices that get an adapter."""

    path: Path
    arch: str
    model: Any
    tokenizer: Any
    targets: tuple[str, ...]


def require_extra() -> None:
    """Check that the packages for training are installed, and configure them.

    Raises:
        RptermError: One of them is missing.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise RptermError(
            f"Training needs {', '.join(missing)}, which is not installed: "
            "`pip install 'rpterm[train]'`."
        )
    # Set before the imports: no network access and no progress bars.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TQDM_DISABLE", "1")
    # Threads that wait by spinning slow down other programs, and then themselves.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def load_base_model(path: Path) -> BaseModel:
    """Load the model, dequantized, and its tokenizer.

    Raises:
        RptermError: There is not enough memory, or transformers does not know the architecture.
        ModelError: The file is not a GGUF file.
    """
    header = read_header(path)
    _check_memory(path, header.parameters)
    import torch
    import transformers

    _silence_libraries()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.float32
        )
    except (ValueError, KeyError, NotImplementedError) as error:
        raise RptermError(
            f"{path.name} cannot be trained: transformers cannot read {header.arch} models from "
            f"GGUF files ({error})."
        ) from error
    # It is dequantized now, but trainers refuse a model whose config says it is quantized.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.is_quantized, model.hf_quantizer = False, None
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    names = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    targets = tuple(name for name in _PROJECTIONS if name in names)
    if not targets:
        raise RptermError(f"{path.name} has no matrices that an adapter can be trained for.")
    return BaseModel(path, header.arch, model, tokenizer, targets)


def _check_memory(path: Path, parameters: int) -> None:
    needed, free = int(parameters * _FLOAT_BYTES * _MEMORY_FACTOR), system_memory().available
    if free and needed > free:
        raise RptermError(
            f"Training {path.name} takes about {needed / 1e9:.0f} GB of memory, and "
            f"{free / 1e9:.0f} GB are free: close programs, use a smaller base (--base), or train "
            "the export on a larger machine."
        )


def _silence_libraries() -> None:
    import datasets
    import transformers

    datasets.disable_progress_bars()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
