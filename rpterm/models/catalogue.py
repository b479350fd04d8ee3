"""A short list of open models that play a role well, by the memory they need.

Chosen by hand for what a size class does best; each is one file of a well-known repository. Sizes
and licences are those the repositories state; the hash of a download comes from the server.
"""

from __future__ import annotations

from dataclasses import dataclass

from rpterm.models.fit import CPU_CAP
from rpterm.models.memory import GpuMemory, Memory
from rpterm.plural import sized

_BUFFERS = 600_000_000
_REST = 1_000_000_000
"""Left to the embedder, the terminal and the system."""


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """One model to get.

    Attributes:
        name: What ``rpterm models pull`` takes.
        repo, file: Where it lies on Hugging Face.
        size: Bytes to download.
        cache_per_token: Bytes of cache for each token of the window, in f16.
        licence: As its makers name it.
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
        """Bytes it takes with the default window."""
        return self.size + self.cache_per_token * CPU_CAP + _BUFFERS


_SLOW = 6_000_000_000
"""Bytes of a model that writes slower than one reads where there is no card."""

MODELS: tuple[CatalogueModel, ...] = (
    CatalogueModel(
        "llama-3.2-1b",
        "bartowski/Llama-3.2-1B-Instruct-GGUF",
        "Llama-3.2-1B-Instruct-Q4_K_M.gguf",
        807_694_464,
        32_768,
        "Llama 3.2 Community License",
        "old and small machines: follows a card, forgets details",
    ),
    CatalogueModel(
        "smollm2-1.7b",
        "HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF",
        "smollm2-1.7b-instruct-q4_k_m.gguf",
        1_055_609_536,
        196_608,
        "Apache-2.0",
        "small machines, freely licensed: the starter's big brother",
    ),
    CatalogueModel(
        "gemma-2-2b",
        "bartowski/gemma-2-2b-it-GGUF",
        "gemma-2-2b-it-Q4_K_M.gguf",
        1_708_582_752,
        106_496,
        "Gemma Terms of Use",
        "the best prose under 2 GB",
    ),
    CatalogueModel(
        "llama-3.2-3b",
        "bartowski/Llama-3.2-3B-Instruct-GGUF",
        "Llama-3.2-3B-Instruct-Q4_K_M.gguf",
        2_019_377_696,
        114_688,
        "Llama 3.2 Community License",
        "8 GB laptops: keeps to a card, quick on a CPU",
    ),
    CatalogueModel(
        "qwen3-4b",
        "bartowski/Qwen_Qwen3-4B-Instruct-2507-GGUF",
        "Qwen_Qwen3-4B-Instruct-2507-Q4_K_M.gguf",
        2_497_280_736,
        147_456,
        "Apache-2.0",
        "8 GB laptops, many languages, follows instructions closely",
    ),
    CatalogueModel(
        "stheno-8b",
        "bartowski/L3-8B-Stheno-v3.2-GGUF",
        "L3-8B-Stheno-v3.2-Q4_K_M.gguf",
        4_920_734_272,
        131_072,
        "CC-BY-NC-4.0",
        "made for role-play: lively, not for commercial use",
    ),
    CatalogueModel(
        "llama-3.1-8b",
        "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF",
        "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf",
        4_920_739_232,
        131_072,
        "Llama 3.1 Community License",
        "16 GB machines and 8 GB cards: steady all-rounder",
    ),
    CatalogueModel(
        "gemma-2-9b",
        "bartowski/gemma-2-9b-it-GGUF",
        "gemma-2-9b-it-Q4_K_M.gguf",
        5_761_057_728,
        344_064,
        "Gemma Terms of Use",
        "16 GB machines: fine prose and humour",
    ),
    CatalogueModel(
        "mistral-nemo-12b",
        "bartowski/Mistral-Nemo-Instruct-2407-GGUF",
        "Mistral-Nemo-Instruct-2407-Q4_K_M.gguf",
        7_477_208_192,
        163_840,
        "Apache-2.0",
        "12 GB cards: the favourite of role-players, long scenes, freely licensed",
    ),
    CatalogueModel(
        "gemma-3-12b",
        "bartowski/google_gemma-3-12b-it-GGUF",
        "google_gemma-3-12b-it-Q4_K_M.gguf",
        7_300_574_880,
        393_216,
        "Gemma Terms of Use",
        "16 GB cards: many languages, strong characters",
    ),
    CatalogueModel(
        "mistral-small-24b",
        "bartowski/Mistral-Small-24B-Instruct-2501-GGUF",
        "Mistral-Small-24B-Instruct-2501-Q4_K_M.gguf",
        14_333_907_488,
        163_840,
        "Apache-2.0",
        "24 GB cards: holds many facts and people apart",
    ),
    CatalogueModel(
        "llama-3.3-70b",
        "bartowski/Llama-3.3-70B-Instruct-GGUF",
        "Llama-3.3-70B-Instruct-Q4_K_M.gguf",
        42_520_393_152,
        327_680,
        "Llama 3.3 Community License",
        "64 GB machines and large cards: as good as it gets at home",
    ),
)


def by_name(name: str) -> CatalogueModel | None:
    """The entry of this name, or ``None``."""
    return next((model for model in MODELS if model.name == name.casefold()), None)


def recommend(memory: Memory, gpu: GpuMemory | None = None) -> list[CatalogueModel]:
    """What fits, the largest first.

    Args:
        memory: Of the machine; its total counts, since other programs can be closed.
        gpu: The card this build of llama.cpp uses: a model that fits it whole is preferred to a
            larger one that would run on the processor.

    Returns:
        Models that leave the rest of the machine room; on the processor alone none above 8 billion
        weights, which would write slower than one reads.
    """
    fitting = [model for model in MODELS if not obstacle(model, memory, gpu)]
    return sorted(fitting, key=lambda model: -model.size)


def obstacle(model: CatalogueModel, memory: Memory, gpu: GpuMemory | None = None) -> str:
    """Why a model does not fit, by ``recommend``'s measure; "" where it does."""
    if gpu is not None and gpu.free:
        room = gpu.total * 19 // 20
        if any(each.memory <= room for each in MODELS):
            return _short(model, room, "on the card")
    usable = min(memory.total * 3 // 4, memory.total - _REST) if memory.total else 0
    if short := _short(model, max(0, usable), "here"):
        return short
    return "" if model.size < _SLOW else "too slow without a card"


def _short(model: CatalogueModel, room: int, where: str) -> str:
    if model.memory <= room:
        return ""
    if not room:
        return "nobody knows this machine's memory"
    return f"needs {sized(model.memory)}, a model can have {sized(room)} {where}"
