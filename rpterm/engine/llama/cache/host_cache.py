"""Copies of the chat's KV cache in host memory: what every kind of them can do.

A model whose cache can be truncated uses ``PromptCache``, one whose cache cannot (recurrent and
hybrid models) uses ``Checkpoints``. Cells are copied as they are, into an empty context, so they
stay *exact* (see ``kv``).
"""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from rpterm.engine.llama.binding import lib
from rpterm.hardware.system_memory import system_memory

MAX_BYTES = 2 << 30
_FREE_SHARE = 4
"""The copies may take a quarter of the free memory."""
_ASSUMED_FREE = (512 << 20) * _FREE_SHARE
"""Free memory where the system does not report it."""


class LiveCache(Protocol):
    """The cache that is copied; see ``kv.ChatCache``."""

    context: Any
    tokens: list[int]
    exact: int

    def clear(self) -> None:
        """Empty the cache."""
        ...


@dataclass(frozen=True, slots=True)
class CacheCopy:
    """One copy of the cache; see ``kv.ChatCache`` for ``tokens`` and ``exact``."""

    tokens: list[int]
    exact: int
    data: bytearray


class HostCache(ABC):
    """Copies of the KV cache, least recently used first.

    Attributes:
        wants_checkpoints: Whether ``checkpoint`` is to be called where later prompts branch off.
    """

    wants_checkpoints: ClassVar[bool]

    def __init__(self, free_bytes: Callable[[], int] | None = None) -> None:
        """``free_bytes`` returns how many bytes of memory are free."""
        self._free_bytes = free_bytes or _free_memory
        self.copies: list[CacheCopy] = []

    @abstractmethod
    def swap(self, cache: LiveCache, ids: Sequence[int]) -> None:
        """Prepare the cache for the evaluation of ``ids``: restore the copy that saves most of it,
        after copying what would otherwise be lost and is worth keeping."""

    @abstractmethod
    def checkpoint(self, cache: LiveCache) -> None:
        """Copy the cache as it is now."""

    def capacity(self, cache: LiveCache) -> int:
        """How many copies as large as this cache fit into memory."""
        size = _copy_size(cache)
        # Existing copies no longer count as free memory, but they can be replaced.
        available = (self._free_bytes() + self._held_bytes()) // _FREE_SHARE
        return min(MAX_BYTES, available) // size if size else 0

    def _add(self, cache: LiveCache) -> None:
        """Copy the cache, dropping old copies where memory is short; a cache that is too large
        itself is not copied."""
        size = _copy_size(cache)
        limit = self.capacity(cache) * size
        while self.copies and size + self._held_bytes() > limit:
            del self.copies[0]
        if not 0 < size <= limit:
            return
        data = bytearray(size)
        buffer = (ctypes.c_uint8 * size).from_buffer(data)
        if lib.llama_state_seq_get_data(cache.context, buffer, size, 0) == size:
            self.copies.append(CacheCopy(list(cache.tokens), cache.exact, data))

    def _restore(self, cache: LiveCache, copy: CacheCopy) -> None:
        """Bring the cache back to the copied state, or leave it empty where that fails."""
        cache.clear()
        buffer = (ctypes.c_uint8 * len(copy.data)).from_buffer(copy.data)
        if lib.llama_state_seq_set_data(cache.context, buffer, len(copy.data), 0):
            cache.tokens[:] = copy.tokens
            cache.exact = copy.exact
        else:
            cache.clear()

    def _held_bytes(self) -> int:
        return sum(len(copy.data) for copy in self.copies)


def _copy_size(cache: LiveCache) -> int:
    return int(lib.llama_state_seq_get_size(cache.context, 0))


def _free_memory() -> int:
    return system_memory().available or _ASSUMED_FREE
