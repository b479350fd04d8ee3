"""A peft adapter as the GGUF file that llama.cpp loads.

llama.cpp keeps the rows of ``q`` and ``k`` of llama models in another order than transformers (its
rotary embedding turns neighbours, the other's halves), so rows of ``lora_b`` go the same way. A
file without that loads, and even moves replies: ``parity`` is what tells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpterm.training.plan import TrainingError

if TYPE_CHECKING:
    import numpy as np

    Matrix = np.ndarray[Any, np.dtype[np.float32]]

_PREFIX = "base_model.model."
_PARTS = {".lora_A.weight": "lora_a", ".lora_B.weight": "lora_b"}
_PERMUTED = "llama"
"""The architecture whose q and k are in another order; all others are as transformers has them."""


def permuted(rows: Matrix, heads: int) -> Matrix:
    """Rows of a query or key matrix in llama.cpp's order (``permute`` of its converter).

    Args:
        rows: heads·width × n.
        heads: Of the queries, or of the keys.
    """
    halves = rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
    return halves.swapaxes(1, 2).reshape(rows.shape)


def scale(config: Any) -> float:
    """``alpha`` as llama.cpp reads it, which divides it by the rank.

    Raises:
        TrainingError: The adapter is of a kind that the file format has no place for.
    """
    extra = [
        name
        for name in ("use_dora", "modules_to_save", "rank_pattern", "alpha_pattern")
        if getattr(config, name, None)
    ]
    if extra or config.bias != "none":
        raise TrainingError(
            f"An adapter with {', '.join(extra) or 'biases'} cannot be written as GGUF: train "
            "without."
        )
    alpha, rank = float(config.lora_alpha), int(config.r)
    return alpha * math.sqrt(rank) if config.use_rslora else alpha


def write(path: Path, weights: Mapping[str, Matrix], config: Any, arch: str, shape: Any) -> None:
    """Write the adapter.

    Args:
        weights: By peft's names, as its ``get_peft_model_state_dict`` gives them.
        config: The adapter's ``LoraConfig``.
        arch: As the base model's file names it.
        shape: The base model's config: layers and heads.

    Raises:
        TrainingError: It has matrices or features that GGUF adapters do not know.
    """
    import gguf

    writer = gguf.GGUFWriter(path, arch)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, scale(config))
    names = _names(arch, shape.num_hidden_layers)
    for key in sorted(weights):
        name, matrix = _tensor(key, weights[key], names, arch, shape)
        writer.add_tensor(name, matrix)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _names(arch: str, layers: int) -> Any:
    import gguf

    known = {name: number for number, name in gguf.MODEL_ARCH_NAMES.items()}
    return gguf.get_tensor_name_map(known[arch], layers)


def _tensor(key: str, matrix: Matrix, names: Any, arch: str, shape: Any) -> tuple[str, Matrix]:
    import numpy as np

    for suffix, part in _PARTS.items():
        if key.endswith(suffix):
            module = key.removeprefix(_PREFIX).removesuffix(suffix)
            name = names.get_name(module)
            if name is None:
                break
            if part == "lora_b" and arch == _PERMUTED:
                if name.endswith("attn_q"):
                    matrix = permuted(matrix, shape.num_attention_heads)
                elif name.endswith("attn_k"):
                    matrix = permuted(matrix, shape.num_key_value_heads)
            return f"{name}.weight.{part}", np.ascontiguousarray(matrix, dtype=np.float32)
    raise TrainingError(f"The adapter's {key} has no name in GGUF files of {arch} models.")
