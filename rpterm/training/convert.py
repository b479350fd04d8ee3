"""Converts a peft adapter to the GGUF file that llama.cpp loads.

For llama models, llama.cpp keeps the rows of ``q`` and ``k`` in another order than transformers
(its rotary embedding rotates neighbours, the other's halves), so the rows of ``lora_b`` are
permuted too. A file without the permutation loads and even changes replies; only ``parity`` detects
it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpterm.errors import RptermError

if TYPE_CHECKING:
    import numpy as np

    Matrix = np.ndarray[Any, np.dtype[np.float32]]

_PREFIX = "base_model.model."
_SUFFIXES = {".lora_A.weight": "lora_a", ".lora_B.weight": "lora_b"}
_PERMUTED_ARCH = "llama"
"""The only architecture whose q and k have another order than in transformers."""


def permuted(rows: Matrix, heads: int) -> Matrix:
    """The rows of a query or key matrix in llama.cpp's order (``permute`` in its converter).

    Args:
        rows: Matrix of shape heads·width × n.
        heads: Number of heads of the queries or keys.
    """
    halves = rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
    return halves.swapaxes(1, 2).reshape(rows.shape)


def scale(config: Any) -> float:
    """``alpha`` for llama.cpp, which divides it by the rank.

    Raises:
        RptermError: The adapter has features that the file format cannot store.
    """
    unsupported = [
        name
        for name in ("use_dora", "modules_to_save", "rank_pattern", "alpha_pattern")
        if getattr(config, name, None)
    ]
    if unsupported or config.bias != "none":
        raise RptermError(
            f"An adapter with {', '.join(unsupported) or 'biases'} cannot be written as GGUF: "
            "train without them."
        )
    alpha, rank = float(config.lora_alpha), int(config.r)
    return alpha * math.sqrt(rank) if config.use_rslora else alpha


def write(path: Path, weights: Mapping[str, Matrix], config: Any, arch: str, shape: Any) -> None:
    """Write the adapter.

    Args:
        weights: By peft's names, from ``get_peft_model_state_dict``.
        config: The adapter's ``LoraConfig``.
        arch: The architecture, as the base model's file names it.
        shape: The base model's config, with its layers and heads.

    Raises:
        RptermError: The adapter has matrices or features that GGUF cannot store.
    """
    import gguf

    writer = gguf.GGUFWriter(path, arch)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, scale(config))
    names = _tensor_names(arch, shape.num_hidden_layers)
    for key in sorted(weights):
        name, matrix = _named_tensor(key, weights[key], names, arch, shape)
        writer.add_tensor(name, matrix)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensor_names(arch: str, layers: int) -> Any:
    import gguf

    numbers = {name: number for number, name in gguf.MODEL_ARCH_NAMES.items()}
    return gguf.get_tensor_name_map(numbers[arch], layers)


def _named_tensor(
    key: str, matrix: Matrix, names: Any, arch: str, shape: Any
) -> tuple[str, Matrix]:
    import numpy as np

    for suffix, part in _SUFFIXES.items():
        if key.endswith(suffix):
            module = key.removeprefix(_PREFIX).removesuffix(suffix)
            name = names.get_name(module)
            if name is None:
                break
            if part == "lora_b" and arch == _PERMUTED_ARCH:
                if name.endswith("attn_q"):
                    matrix = permuted(matrix, shape.num_attention_heads)
                elif name.endswith("attn_k"):
                    matrix = permuted(matrix, shape.num_key_value_heads)
            return f"{name}.weight.{part}", np.ascontiguousarray(matrix, dtype=np.float32)
    raise RptermError(f"The adapter's {key} has no name in GGUF files of {arch} models.")
