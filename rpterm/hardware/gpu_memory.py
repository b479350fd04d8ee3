"""Measures the memory of the GPU that this build of llama.cpp can use."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rpterm.hardware.system_memory import SystemMemory


@dataclass(frozen=True, slots=True)
class GpuMemory:
    """Bytes of a GPU's memory.

    Attributes:
        free: 0 if there is a GPU but its free memory is unknown.
        unified: Whether it shares the main memory (Apple), which must not be counted twice.
    """

    name: str
    total: int
    free: int
    unified: bool = False


class _NvmlMemory(ctypes.Structure):
    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


def gpu_memory(libraries: Path, memory: SystemMemory, root: Path = Path("/")) -> GpuMemory | None:
    """The GPU that this build of llama.cpp can use, or ``None`` for a build without GPU support.

    Args:
        libraries: The folder of llama-cpp-python's shared libraries; their names show the backend.
    """
    names = " ".join(_file_names(libraries))
    if "ggml-cuda" in names:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        if visible is not None and visible.strip() in ("", "-1"):
            return None
        return _nvidia(visible) or GpuMemory("NVIDIA", 0, 0)
    if "ggml-metal" in names:
        # Metal lets one process use about three quarters of the memory.
        return GpuMemory("Apple", memory.total * 3 // 4, memory.available, unified=True)
    for backend in ("hip", "vulkan", "sycl"):
        if f"ggml-{backend}" in names:
            return _drm(root) or GpuMemory(backend, 0, 0)
    return None


def llama_libraries() -> Path | None:
    """The folder of llama-cpp-python's shared libraries, found without importing it."""
    import importlib.util

    try:
        spec = importlib.util.find_spec("llama_cpp")
    except (ImportError, ValueError):
        return None
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return Path(folders[0]) / "lib" if folders else None


def _file_names(folder: Path) -> list[str]:
    try:
        return [file.name for file in folder.iterdir()]
    except OSError:
        return []


def _nvidia(visible: str | None) -> GpuMemory | None:
    """All NVIDIA GPUs together, from the driver's library.

    Args:
        visible: ``CUDA_VISIBLE_DEVICES``; anything but a list of numbers is ignored.
    """
    parts = [part.strip() for part in (visible or "").split(",")]
    chosen = {int(part) for part in parts} if all(part.isdecimal() for part in parts) else None
    name = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
    try:
        nvml = ctypes.CDLL(name)
        if nvml.nvmlInit_v2() != 0:
            return None
    except (OSError, AttributeError):
        return None
    count, total, free = ctypes.c_uint(0), 0, 0
    nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
    for index in chosen if chosen is not None else range(count.value):
        device, state = ctypes.c_void_p(), _NvmlMemory()
        if nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(device)) == 0 and (
            nvml.nvmlDeviceGetMemoryInfo(device, ctypes.byref(state)) == 0
        ):
            total, free = total + state.total, free + state.free
    nvml.nvmlShutdown()
    return GpuMemory("NVIDIA", total, free) if total else None


def _drm(root: Path) -> GpuMemory | None:
    """GPUs whose Linux driver reports its memory (amdgpu)."""
    total = used = 0
    for card in (root / "sys/class/drm").glob("card*/device/mem_info_vram_total"):
        with suppress(OSError, ValueError):
            total += int(card.read_text(encoding="ascii"))
            used += int(card.with_name("mem_info_vram_used").read_text(encoding="ascii"))
    return GpuMemory("AMD", total, max(0, total - used)) if total else None
