"""How large a window a model gets, and whether it fits at all. Pure: numbers in, numbers out.

Memory of a model = its weights + the cache of keys and values (``kv_bytes``), which holds more than
the window, + working buffers (``buffer_bytes``). A test compares it with the resident size of the
worker; it leaves out what architectures with cheap local layers or compressed caches save, so it
errs on the safe side. The scorer's process is not the model's, but must have room beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from rpterm.config import KvType
from rpterm.engine.protocol import ModelError
from rpterm.models.header import Header
from rpterm.models.memory import MIB, GpuMemory, Memory
from rpterm.plural import sized

STEP = 256
LEAST = 1024
MOST = 1 << 20
CPU_CAP, GPU_CAP = 8192, 16_384
"""Default windows; the second where the graphics card holds the whole model with it. A larger one
is no better by itself: what falls out of it is recalled from memory, while every token in it slows
every further one down, and a window that must be evaluated again (another card, an edit far up)
costs minutes on a CPU: 8,192 tokens at 50 tokens a second are 164 s. Who has the machine for more
sets ``context``."""
UBATCH = 512
_BYTES: dict[str, tuple[float, float]] = {
    "auto": (2.0, 2.0),
    "q8_0/f16": (34 / 32, 2.0),
    "f16": (2.0, 2.0),
    "q8_0": (34 / 32, 34 / 32),
    "q4_0": (18 / 32, 18 / 32),
}
"""Of one number of a key, of a value; ``auto`` as the larger of what it may become."""
SPARE = 1024
"""Cells that the engine makes beyond the window, for further candidates."""
_PROCESS = 45 * MIB
"""What a worker takes before it has a model: Python, NumPy, llama.cpp's libraries."""
_SCORER = 640 * MIB
"""The scorer's own worker: the starter's weights, 256 MB of kept prompts, its buffers (643 MB
resident were measured with two prompts of 1,000 tokens in it)."""
_RESERVE = 1024 * MIB + _SCORER
"""Kept free for the scorer, the embedder, the terminal and the rest of the machine."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What was chosen.

    Attributes:
        context: Tokens, a multiple of 256.
        gpu_layers: For the engine: 0 none, -1 let llama.cpp put there what fits.
        bytes_needed: Weights, cache and buffers together.
        why: One clause for ``rpterm doctor``.
    """

    context: int
    gpu_layers: int
    kv_type: KvType
    bytes_needed: int
    why: str


def kv_bytes(header: Header, context: int, kv_type: str = "auto") -> int:
    """Bytes of the cache of keys and values: Σ over layers of heads·(key + value)·bytes·tokens."""
    of_key, of_value = _BYTES[kv_type]
    per_head = header.key_length * of_key + header.value_length * of_value
    return int(sum(header.heads_kv) * per_head * context)


def buffer_bytes(header: Header, context: int = 0) -> int:
    """Bytes of the process and its working buffers: the widest layer of a batch, and its mask.

    Logits are not in it: room for a whole batch of them is asked for, but only the last one's is
    ever touched.
    """
    hidden = UBATCH * header.embedding_length * 4 * 12
    mask = UBATCH * context * 4
    return hidden + mask + _PROCESS


def needed(header: Header, context: int, kv_type: str = "auto") -> int:
    """Bytes of everything that the model's worker holds with a window of ``context`` tokens."""
    cache = kv_bytes(header, context + SPARE, kv_type)
    return header.file_size + cache + buffer_bytes(header, context)


def check_context(header: Header, context: int) -> int:
    """A window the user asked for, made a multiple of 256; 0 stays 0.

    Raises:
        ModelError: It makes no sense, or is more than the model was trained for.
    """
    if context < 0:
        raise ModelError(
            f"A context of {context:,} tokens makes no sense: give 0 to let it be chosen."
        )
    most = header.context_length or MOST
    if context > most:
        trained = "the model was trained for" if header.context_length else "can be had"
        raise ModelError(
            f"A context of {context:,} tokens is more than {trained} ({most:,}): give that at most."
        )
    return -(-context // STEP) * STEP


def choose(
    header: Header,
    memory: Memory,
    *,
    context: int = 0,
    gpu: GpuMemory | None = None,
    gpu_layers: int = -1,
    kv_type: KvType = "auto",
) -> Fit:
    """Choose the window and the share of the graphics card.

    Args:
        header: Of the model, all its parts summed.
        memory: Of the machine; ``available`` 0 means unknown, and nothing is refused.
        context: Tokens the user asked for; 0 chooses.
        gpu: The card, or ``None`` for a build that uses none.
        gpu_layers: Layers the user asked for; -1 puts there what fits.

    Raises:
        ModelError: The context makes no sense, or model and cache need more memory than there is.
    """
    wanted = check_context(header, context)
    least = min(wanted or LEAST, _trained(header))
    layers = _gpu_layers(header, least, gpu, gpu_layers, kv_type)
    room = _room(header, memory, gpu, layers)
    if room is not None and needed(header, least, kv_type) > room:
        raise ModelError(_too_large(header, least, kv_type, room, wanted))
    if wanted:
        return _fit(header, wanted, layers, kv_type, "as set")
    most = min(GPU_CAP, _trained(header))
    cap = most if _whole(header, most, gpu, gpu_layers, kv_type) else min(CPU_CAP, most)
    chosen, why = cap, "trained for" if cap == _trained(header) else "the default"
    if room is not None:
        while chosen - STEP >= least and needed(header, chosen, kv_type) + _RESERVE > room:
            chosen, why = chosen - STEP, "what memory leaves"
    layers = _gpu_layers(header, chosen, gpu, gpu_layers, kv_type)
    return _fit(header, chosen, layers, kv_type, why)


def _fit(header: Header, context: int, layers: int, kv_type: KvType, why: str) -> Fit:
    return Fit(context, layers, kv_type, needed(header, context, kv_type), why)


def _trained(header: Header) -> int:
    """The most tokens, down to a multiple of 256."""
    most = header.context_length or CPU_CAP
    return max(STEP, most // STEP * STEP)


def _room(header: Header, memory: Memory, gpu: GpuMemory | None, layers: int) -> int | None:
    """Bytes there are for the model, on both sides together; ``None`` is unknown."""
    if not memory.available or (gpu is not None and layers and not gpu.free):
        return None
    if gpu is None or not layers or gpu.unified:
        return memory.available
    return memory.available + gpu.free * min(layers, header.block_count) // max(
        1, header.block_count
    )


def _gpu_layers(
    header: Header, context: int, gpu: GpuMemory | None, asked: int, kv_type: str
) -> int:
    """Layers for the card. One more than the model has stands for all, its output included."""
    if asked >= 0:
        return asked if gpu is not None else 0
    if gpu is None:
        return 0
    every = header.block_count + 1
    if gpu.unified or not gpu.free or not header.block_count:
        return every if gpu.unified else -1
    budget = gpu.free * 19 // 20 - buffer_bytes(header, context) - 256 * MIB
    cache = kv_bytes(header, context + SPARE, kv_type)
    if header.file_size + cache <= budget:
        return every
    per_layer = ((header.block_bytes or header.file_size) + cache) // header.block_count
    return max(0, min(header.block_count, budget // max(1, per_layer)))


def _whole(header: Header, context: int, gpu: GpuMemory | None, asked: int, kv_type: str) -> bool:
    """Whether the card holds the model with its window: what is left to the CPU sets the pace."""
    layers = _gpu_layers(header, context, gpu, asked, kv_type)
    return gpu is not None and gpu.free > 0 and layers > header.block_count


def _too_large(header: Header, context: int, kv_type: str, room: int, wanted: int) -> str:
    need = needed(header, context, kv_type)
    text = (
        f"This model needs {sized(need)} of memory with a context of {context:,} tokens "
        f"({sized(header.file_size)} for the weights, "
        f"{sized(kv_bytes(header, context + SPARE, kv_type))} for the cache), and "
        f"{sized(room)} are free"
    )
    if wanted and needed(header, LEAST, kv_type) <= room:
        smaller = context
        while needed(header, smaller, kv_type) > room and smaller > LEAST:
            smaller -= STEP
        return f"{text}: set a context of {smaller:,}, or 0 to let it be chosen."
    return f"{text}: choose a smaller model or a stronger quantization (`rpterm models`)."
