"""Measures how much memory a model can use: the machine's, a container's limit, a GPU's."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class SystemMemory:
    """Bytes of main memory; 0 if unknown.

    Attributes:
        available: What can be allocated now without swapping.
    """

    total: int
    available: int


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


def system_memory(root: Path = Path("/")) -> SystemMemory:
    """The memory this process can use, within the limits of its container.

    Args:
        root: The folder of ``proc`` and ``sys``, for tests.
    """
    if sys.platform == "darwin":
        return _macos()
    if sys.platform == "win32":
        return _windows()
    return _linux(root)


def _linux(root: Path) -> SystemMemory:
    fields: dict[str, int] = {}
    with suppress(OSError, ValueError):
        for line in (root / "proc/meminfo").read_text(encoding="ascii").splitlines():
            name, _, rest = line.partition(":")
            if name in ("MemTotal", "MemAvailable", "MemFree"):
                fields[name] = int(rest.split()[0]) * 1024
    memory = SystemMemory(
        fields.get("MemTotal", 0), fields.get("MemAvailable", fields.get("MemFree", 0))
    )
    for limit, used in _cgroup_limits(root):
        unused = max(0, limit - used)
        total = min(memory.total, limit) if memory.total else limit
        available = min(memory.available, unused) if memory.total else unused
        memory = SystemMemory(total, available)
    return memory


def _cgroup_limits(root: Path) -> list[tuple[int, int]]:
    """(limit, used bytes without droppable page cache) of this process's cgroups, v2 and v1.

    A limit applies to all groups below, so the parents of this process's group count as well.
    """
    groups: list[Path] = []
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            top = root / "sys/fs/cgroup"
            if controllers:
                if "memory" not in controllers.split(","):
                    continue
                top /= "memory"
            own = top / path.lstrip("/")
            groups += [each for each in (own, *own.parents) if each.is_relative_to(top)]
    limits = [_cgroup_limit(group) for group in groups]
    return [limit for limit in limits if limit is not None]


def _cgroup_limit(group: Path) -> tuple[int, int] | None:
    for limit_name, used_name, cache_name in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        with suppress(OSError, ValueError):
            limit = int((group / limit_name).read_text(encoding="ascii"))
            if limit >= 1 << 60:
                return None
            used = int((group / used_name).read_text(encoding="ascii"))
            return limit, used - _memory_stat(group, cache_name)
    return None


def _memory_stat(group: Path, name: str) -> int:
    """One value of ``memory.stat``."""
    with suppress(OSError, ValueError):
        for line in (group / "memory.stat").read_text(encoding="ascii").splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return 0


def _macos() -> SystemMemory:
    """Total memory, and three quarters of it as available: macOS gives no reliable number."""
    total = ctypes.c_uint64(0)
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        size = ctypes.c_size_t(8)
        libc.sysctlbyname(b"hw.memsize", ctypes.byref(total), ctypes.byref(size), None, 0)
    return SystemMemory(total.value, total.value * 3 // 4)


class _MemoryStatus(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_ulong),
        ("load", ctypes.c_ulong),
        ("total", ctypes.c_ulonglong),
        ("available", ctypes.c_ulonglong),
        ("page_total", ctypes.c_ulonglong),
        ("page_available", ctypes.c_ulonglong),
        ("virtual_total", ctypes.c_ulonglong),
        ("virtual_available", ctypes.c_ulonglong),
        ("extended", ctypes.c_ulonglong),
    )


def _windows() -> SystemMemory:
    status = _MemoryStatus()
    status.length = ctypes.sizeof(status)
    with suppress(OSError, AttributeError):
        ctypes.__dict__["windll"].kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return SystemMemory(int(status.total), int(status.available))


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
