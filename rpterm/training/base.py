"""The base model out of its GGUF file, as trainers want it: unpacked, with its own template.

transformers dequantizes the file; what is trained is an adapter to exactly the weights that
llama.cpp runs, but for the rounding of its own arithmetic.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rpterm.models.header import read_header
from rpterm.models.memory import system_memory
from rpterm.training.plan import TrainingError

_PACKAGES = ("trl", "peft", "accelerate", "datasets", "gguf")
_PROJECTIONS = (
    "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    "qkv_proj", "gate_up_proj",
)  # fmt: skip
_BYTES = 4
_ROOM = 1.5
"""Weights as 32-bit floats, and half as much again for gradients, activations and the file."""


@dataclass(slots=True)
class Base:
    """A model and its tokenizer; ``targets`` are the matrices that an adapter is put beside."""

    path: Path
    arch: str
    model: Any
    tokenizer: Any
    targets: tuple[str, ...]


def require_extra() -> None:
    """Say at once when the packages for training are missing.

    Raises:
        TrainingError: One of them is not installed.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise TrainingError(
            f"Training needs {', '.join(missing)}, which is not installed: "
            "`pip install 'rpterm[train]'`."
        )
    # Set before the imports: nothing here may look for anything in the network, nor draw bars.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TQDM_DISABLE", "1")
    # Threads that wait busily starve whatever else the machine does, and then themselves.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def load(path: Path) -> Base:
    """The model, dequantized, with its tokenizer.

    Raises:
        TrainingError: There is not enough memory, or transformers does not know the architecture.
        ModelError: It is no GGUF file.
    """
    header = read_header(path)
    _check_memory(path, header.parameters)
    import torch
    import transformers

    _be_quiet()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.float32
        )
    except (ValueError, KeyError, NotImplementedError) as error:
        raise TrainingError(
            f"{path.name} cannot be trained here: transformers does not read {header.arch} models "
            f"out of GGUF files ({error})."
        ) from error
    # It is dequantized already; trainers refuse what says that it is not.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.is_quantized, model.hf_quantizer = False, None
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    names = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    targets = tuple(name for name in _PROJECTIONS if name in names)
    if not targets:
        raise TrainingError(f"{path.name} has no matrices that an adapter is known for.")
    return Base(path, header.arch, model, tokenizer, targets)


def _check_memory(path: Path, parameters: int) -> None:
    needed, free = int(parameters * _BYTES * _ROOM), system_memory().available
    if free and needed > free:
        raise TrainingError(
            f"Training {path.name} takes about {needed / 1e9:.0f} GB of memory, and "
            f"{free / 1e9:.0f} GB are free: close programs, take a smaller base (--base), or train "
            "the export on a larger machine."
        )


def _be_quiet() -> None:
    import datasets
    import transformers

    datasets.disable_progress_bars()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
