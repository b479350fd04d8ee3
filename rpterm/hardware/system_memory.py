"""Measures the main memory that this process can use: the machine's, or its container's limit."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SystemMemory:
    """Bytes of main memory; 0 if unknown.

    Attributes:
        available: What can be allocated now without swapping.
    """

    total: int
    available: int


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
