"""Chooses a model's context window and checks that the model fits into memory. Pure arithmetic.

A model needs memory for its weights, the KV cache (``kv_bytes``), which holds more than the context
window, and working buffers (``buffer_bytes``). A test compares the sum with the resident size of
the worker. Savings of architectures with cheap local layers or compressed caches are left out, so
the estimate errs on the safe side. The scorer has a process of its own, which needs memory too.
"""

from __future__ import annotations

from dataclasses import dataclass

from rpterm.config import KvType
from rpterm.engine.protocol import ModelError
from rpterm.hardware.gpu_memory import GpuMemory
from rpterm.hardware.system_memory import SystemMemory
from rpterm.humanize import byte_size
from rpterm.models.header import Header

STEP = 256
MIN_CONTEXT = 1024
MAX_CONTEXT = 1 << 20
CPU_CAP, GPU_CAP = 8192, 16_384
"""Default context windows; the second where the GPU holds the whole model with its cache. A larger
window is no better by itself: what falls out of it is recalled from memory, while every token in it
slows down all further ones, and a window that must be evaluated again (another card, an edit far
up) takes minutes on a CPU: 8,192 tokens at 50 tokens a second are 164 s. The setting ``context`` is
for machines that can do more."""
UBATCH = 512
_VALUE_BYTES: dict[str, tuple[float, float]] = {
    "auto": (2.0, 2.0),
    "q8_0/f16": (34 / 32, 2.0),
    "f16": (2.0, 2.0),
    "q8_0": (34 / 32, 34 / 32),
    "q4_0": (18 / 32, 18 / 32),
}
"""Bytes of one number of a key and of a value; ``auto`` counts as the larger of its choices."""
MIB = 1 << 20
SPARE_CELLS = 1024
"""Cells that the engine adds to the window for further candidates."""
_PROCESS = 45 * MIB
"""A worker without a model: Python, NumPy, llama.cpp's libraries."""
_SCORER = 768 * MIB
"""The scorer's worker: the starter's weights, up to 384 MiB of cached prompts, its buffers (643 MB
resident were measured with two cached prompts of 1,000 tokens)."""
_RESERVE = 1024 * MIB + _SCORER
"""Left for the scorer, the embedder, the terminal and the rest of the machine."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The chosen context window and GPU layers.

    Attributes:
        context: Tokens, a multiple of 256.
        gpu_layers: For the engine: 0 for none, -1 lets llama.cpp offload what fits.
        bytes_needed: Weights, cache and buffers together.
        why: The reason for this context, one phrase for ``rpterm doctor``.
    """

    context: int
    gpu_layers: int
    kv_type: KvType
    bytes_needed: int
    why: str


def kv_bytes(header: Header, context: int, kv_type: str = "auto") -> int:
    """Bytes of the KV cache: the sum over all layers of heads·(key + value)·bytes·tokens."""
    key_bytes, value_bytes = _VALUE_BYTES[kv_type]
    per_head = header.key_length * key_bytes + header.value_length * value_bytes
    return int(sum(header.heads_kv) * per_head * context)


def buffer_bytes(header: Header, context: int) -> int:
    """Bytes of the process and its working buffers: a batch's widest layer and its mask.

    Logits are left out: memory for a whole batch of them is allocated, but only the last row is
    ever touched.
    """
    hidden = UBATCH * header.embedding_length * 4 * 12
    mask = UBATCH * context * 4
    return hidden + mask + _PROCESS


def bytes_needed(header: Header, context: int, kv_type: str = "auto") -> int:
    """Bytes that the model's worker needs with a context window of this many tokens."""
    cache = kv_bytes(header, context + SPARE_CELLS, kv_type)
    return header.file_size + cache + buffer_bytes(header, context)


def check_context(header: Header, context: int) -> int:
    """Round the user's context window up to a multiple of 256; 0 stays 0.

    Raises:
        ModelError: It is negative, or larger than the model was trained for.
    """
    if context < 0:
        raise ModelError(
            f"A context of {context:,} tokens is impossible: set 0 for an automatic choice."
        )
    limit = header.context_length or MAX_CONTEXT
    if context > limit:
        what = "the model was trained for" if header.context_length else "is possible"
        raise ModelError(
            f"A context of {context:,} tokens is more than {what}: set at most {limit:,}."
        )
    return -(-context // STEP) * STEP


def choose(
    header: Header,
    memory: SystemMemory,
    *,
    context: int = 0,
    gpu: GpuMemory | None = None,
    gpu_layers: int = -1,
    kv_type: KvType = "auto",
) -> Fit:
    """Choose the context window and how many layers the GPU gets.

    Args:
        header: The model's header, of all its parts together.
        memory: The machine's memory; with ``available`` 0 (unknown) every model is accepted.
        context: Tokens the user asked for; 0 chooses.
        gpu: The GPU, or ``None`` for a build that uses none.
        gpu_layers: Layers the user asked for; -1 offloads what fits.

    Raises:
        ModelError: The context is impossible, or model and cache need more memory than there is.
    """
    requested = check_context(header, context)
    smallest = min(requested or MIN_CONTEXT, _trained_context(header))
    layers = _gpu_layers(header, smallest, gpu, gpu_layers, kv_type)
    available = _available(header, memory, gpu, layers)
    if available is not None and bytes_needed(header, smallest, kv_type) > available:
        raise ModelError(_too_large(header, smallest, kv_type, available, requested))
    if requested:
        return _fit(header, requested, layers, kv_type, "as set")
    cap = min(GPU_CAP, _trained_context(header))
    if not _fits_gpu(header, cap, gpu, gpu_layers, kv_type):
        cap = min(CPU_CAP, cap)
    chosen, why = cap, "trained for" if cap == _trained_context(header) else "the default"
    if available is not None:
        while (
            chosen - STEP >= smallest
            and bytes_needed(header, chosen, kv_type) + _RESERVE > available
        ):
            chosen, why = chosen - STEP, "limited by memory"
    layers = _gpu_layers(header, chosen, gpu, gpu_layers, kv_type)
    return _fit(header, chosen, layers, kv_type, why)


def _fit(header: Header, context: int, layers: int, kv_type: KvType, why: str) -> Fit:
    return Fit(context, layers, kv_type, bytes_needed(header, context, kv_type), why)


def _trained_context(header: Header) -> int:
    """The context the model was trained for, rounded down to a multiple of 256."""
    return max(STEP, (header.context_length or CPU_CAP) // STEP * STEP)


def _available(
    header: Header, memory: SystemMemory, gpu: GpuMemory | None, layers: int
) -> int | None:
    """Bytes available to the model on CPU and GPU together; ``None`` if unknown."""
    if not memory.available or (gpu is not None and layers and not gpu.free):
        return None
    if gpu is None or not layers or gpu.unified:
        return memory.available
    return memory.available + gpu.free * min(layers, header.block_count) // max(
        1, header.block_count
    )


def _gpu_layers(
    header: Header, context: int, gpu: GpuMemory | None, requested: int, kv_type: str
) -> int:
    """Layers for the GPU; one more than the model has means all, with the output layer."""
    if requested >= 0:
        return requested if gpu is not None else 0
    if gpu is None:
        return 0
    all_layers = header.block_count + 1
    if gpu.unified or not gpu.free or not header.block_count:
        return all_layers if gpu.unified else -1
    budget = gpu.free * 19 // 20 - buffer_bytes(header, context) - 256 * MIB
    cache = kv_bytes(header, context + SPARE_CELLS, kv_type)
    if header.file_size + cache <= budget:
        return all_layers
    per_layer = ((header.block_bytes or header.file_size) + cache) // header.block_count
    return max(0, min(header.block_count, budget // max(1, per_layer)))


def _fits_gpu(
    header: Header, context: int, gpu: GpuMemory | None, requested: int, kv_type: str
) -> bool:
    """Whether the GPU holds the whole model with its cache; any layer on the CPU slows it down."""
    layers = _gpu_layers(header, context, gpu, requested, kv_type)
    return gpu is not None and gpu.free > 0 and layers > header.block_count


def _too_large(header: Header, context: int, kv_type: str, available: int, requested: int) -> str:
    total = bytes_needed(header, context, kv_type)
    text = (
        f"This model needs {byte_size(total)} of memory with a context of {context:,} tokens "
        f"({byte_size(header.file_size)} for the weights, "
        f"{byte_size(kv_bytes(header, context + SPARE_CELLS, kv_type))} for the cache), but only "
        f"{byte_size(available)} are free"
    )
    if requested and bytes_needed(header, MIN_CONTEXT, kv_type) <= available:
        smaller = context
        while bytes_needed(header, smaller, kv_type) > available and smaller > MIN_CONTEXT:
            smaller -= STEP
        return f"{text}: set a context of {smaller:,}, or 0 for an automatic choice."
    return f"{text}: choose a smaller model or a stronger quantization (`rpterm models`)."
