"""A short catalogue of open models that are good at role-play, by the memory they need.

Chosen by hand for what each size class does best; each is one file of a well-known repository.
Sizes and licences are those the repositories state; the hash for a download comes from the server.
"""

from __future__ import annotations

from dataclasses import dataclass

from rpterm.hardware.gpu_memory import GpuMemory
from rpterm.hardware.system_memory import SystemMemory
from rpterm.humanize import byte_size
from rpterm.models.fit import CPU_CAP

_BUFFERS = 600_000_000
_RESERVED = 1_000_000_000
"""Left for the embedder, the terminal and the system."""


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A model that can be downloaded.

    Attributes:
        name: The argument of ``rpterm models pull``.
        repo, file: Repository and file name on Hugging Face.
        size: Bytes to download.
        cache_per_token: Bytes of KV cache per token of the context window, in f16.
        licence: As its makers call it.
        good_for: One line for the list.
    """

    name: str
    repo: str
    file: str
    size: int
    cache_per_token: int
    licence: str
    good_for: str

    @property
    def memory(self) -> int:
        """Bytes of memory it needs with the default context window."""
        return self.size + self.cache_per_token * CPU_CAP + _BUFFERS


_TOO_SLOW_ON_CPU = 6_000_000_000
"""From this size in bytes on, a model without a GPU writes slower than people read."""

MODELS: tuple[CatalogueModel, ...] = (
    CatalogueModel(
        "llama-3.2-1b", "bartowski/Llama-3.2-1B-Instruct-GGUF",
        "Llama-3.2-1B-Instruct-Q4_K_M.gguf", 807_694_464, 32_768,
        "Llama 3.2 Community License", "old and small machines: follows a card, forgets details",
    ),
    CatalogueModel(
        "smollm2-1.7b", "HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF",
        "smollm2-1.7b-instruct-q4_k_m.gguf", 1_055_609_536, 196_608,
        "Apache-2.0", "small machines, freely licensed: the starter's big brother",
    ),
    CatalogueModel(
        "gemma-2-2b", "bartowski/gemma-2-2b-it-GGUF",
        "gemma-2-2b-it-Q4_K_M.gguf", 1_708_582_752, 106_496,
        "Gemma Terms of Use", "the best prose under 2 GB",
    ),
    CatalogueModel(
        "llama-3.2-3b", "bartowski/Llama-3.2-3B-Instruct-GGUF",
        "Llama-3.2-3B-Instruct-Q4_K_M.gguf", 2_019_377_696, 114_688,
        "Llama 3.2 Community License", "8 GB laptops: keeps to a card, quick on a CPU",
    ),
    CatalogueModel(
        "ministral-3-3b", "mistralai/Ministral-3-3B-Instruct-2512-GGUF",
        "Ministral-3-3B-Instruct-2512-Q4_K_M.gguf", 2_147_023_008, 106_496,
        "Apache-2.0", "8 GB laptops, many languages, freely licensed",
    ),
    CatalogueModel(
        "qwen3-4b", "bartowski/Qwen_Qwen3-4B-Instruct-2507-GGUF",
        "Qwen_Qwen3-4B-Instruct-2507-Q4_K_M.gguf", 2_497_280_736, 147_456,
        "Apache-2.0", "8 GB laptops, many languages, follows instructions closely",
    ),
    CatalogueModel(
        "stheno-8b", "bartowski/L3-8B-Stheno-v3.2-GGUF",
        "L3-8B-Stheno-v3.2-Q4_K_M.gguf", 4_920_734_272, 131_072,
        "CC-BY-NC-4.0", "made for role-play: lively, not for commercial use",
    ),
    CatalogueModel(
        "llama-3.1-8b", "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF",
        "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", 4_920_739_232, 131_072,
        "Llama 3.1 Community License", "16 GB machines and 8 GB cards: steady all-rounder",
    ),
    CatalogueModel(
        "ministral-3-8b", "mistralai/Ministral-3-8B-Instruct-2512-GGUF",
        "Ministral-3-8B-Instruct-2512-Q4_K_M.gguf", 5_198_911_904, 139_264,
        "Apache-2.0", "16 GB machines and 8 GB cards: heeds its system prompt, freely licensed",
    ),
    CatalogueModel(
        "gemma-2-9b", "bartowski/gemma-2-9b-it-GGUF",
        "gemma-2-9b-it-Q4_K_M.gguf", 5_761_057_728, 344_064,
        "Gemma Terms of Use", "16 GB machines: fine prose and humour",
    ),
    CatalogueModel(
        "mistral-nemo-12b", "bartowski/Mistral-Nemo-Instruct-2407-GGUF",
        "Mistral-Nemo-Instruct-2407-Q4_K_M.gguf", 7_477_208_192, 163_840,
        "Apache-2.0", "12 GB cards: the favourite of role-players, long scenes, freely licensed",
    ),
    CatalogueModel(
        "gemma-3-12b", "bartowski/google_gemma-3-12b-it-GGUF",
        "google_gemma-3-12b-it-Q4_K_M.gguf", 7_300_574_880, 393_216,
        "Gemma Terms of Use", "16 GB cards: many languages, strong characters",
    ),
    CatalogueModel(
        "ministral-3-14b", "mistralai/Ministral-3-14B-Instruct-2512-GGUF",
        "Ministral-3-14B-Instruct-2512-Q4_K_M.gguf", 8_239_593_024, 163_840,
        "Apache-2.0", "12 and 16 GB cards: long scenes, many languages, freely licensed",
    ),
    CatalogueModel(
        "mistral-small-24b", "bartowski/Mistral-Small-24B-Instruct-2501-GGUF",
        "Mistral-Small-24B-Instruct-2501-Q4_K_M.gguf", 14_333_907_488, 163_840,
        "Apache-2.0", "24 GB cards: holds many facts and people apart",
    ),
    CatalogueModel(
        "llama-3.3-70b", "bartowski/Llama-3.3-70B-Instruct-GGUF",
        "Llama-3.3-70B-Instruct-Q4_K_M.gguf", 42_520_393_152, 327_680,
        "Llama 3.3 Community License", "64 GB machines and large cards: as good as it gets at home",
    ),
)  # fmt: skip


def by_name(name: str) -> CatalogueModel | None:
    """The model with this name, or ``None``."""
    return next((model for model in MODELS if model.name == name.casefold()), None)


def recommend(memory: SystemMemory, gpu: GpuMemory | None = None) -> list[CatalogueModel]:
    """The models that fit, the largest first.

    Args:
        memory: The machine's memory; its total counts, since other programs can be closed.
        gpu: The GPU this build of llama.cpp uses. A model that fits it completely is preferred to a
            larger one that would run on the CPU.

    Returns:
        Models that leave enough memory for the rest of the machine; on the CPU alone none above 8
        billion parameters, which would write slower than people read.
    """
    fitting = [model for model in MODELS if not obstacle(model, memory, gpu)]
    return sorted(fitting, key=lambda model: -model.size)


def obstacle(model: CatalogueModel, memory: SystemMemory, gpu: GpuMemory | None = None) -> str:
    """Why ``recommend`` leaves a model out; "" where it does not."""
    if gpu is not None and gpu.free:
        usable = gpu.total * 19 // 20
        if any(each.memory <= usable for each in MODELS):
            return _memory_shortage(model, usable, "on the GPU")
    usable = min(memory.total * 3 // 4, memory.total - _RESERVED) if memory.total else 0
    if shortage := _memory_shortage(model, max(0, usable), "here"):
        return shortage
    return "" if model.size < _TOO_SLOW_ON_CPU else "too slow without a GPU"


def _memory_shortage(model: CatalogueModel, usable: int, where: str) -> str:
    if model.memory <= usable:
        return ""
    if not usable:
        return "this machine's memory is unknown"
    return f"needs {byte_size(model.memory)}, but a model can use {byte_size(usable)} {where}"
