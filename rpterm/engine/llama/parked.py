"""Caches put aside in memory while another prompt has the context, and brought back bit for bit.

In a chat with several characters every change of speaker is another prompt from its first line on:
another card. Copying a cache out and in takes about a hundredth of evaluating it (23 kB a token
for the starter model), so what would be lost is kept, and the prompt whose beginning it is finds it
again. Cells are copied as they are, into an empty context, so they stay *exact* (see ``kv``).
Sequences side by side in one context would not: their cells would no longer begin at the first.

Nobody asks for this: a cache is put aside when most of it is about to be lost. In a chat with one
character that happens when another chat or another question comes between.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rpterm.engine.llama.binding import lib
from rpterm.engine.llama.plan import common_prefix

if TYPE_CHECKING:
    from rpterm.engine.llama.kv import ChatCache

WORTH = 192
"""Fewer tokens than this are sooner evaluated again than carried about."""
MOST_BYTES = 2 << 30
_UNKNOWN = 512 << 20
_SHARE = 4
"""The caches put aside may take a quarter of the memory that is free."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One cache put aside; see ``ChatCache`` for ``tokens`` and ``exact``."""

    tokens: list[int]
    exact: int
    data: bytearray


class Parked:
    """The caches put aside, the longest unused first."""

    def __init__(self, free: Callable[[], int] | None = None) -> None:
        """``free`` tells how many bytes of memory are free."""
        self._free = free or free_memory
        self.copies: list[Copy] = []

    @property
    def sizes(self) -> list[int]:
        """Tokens of each."""
        return [len(copy.tokens) for copy in self.copies]

    def serve(self, cache: ChatCache, ids: Sequence[int]) -> None:
        """Before ``ids`` are evaluated: save what they would push out, fetch what they begin with.

        Where memory is short nothing is put aside, which costs time and nothing else.
        """
        shared = min(common_prefix(cache.tokens, ids), cache.exact)
        lost = cache.exact - shared
        best, gain = None, WORTH - 1
        for copy in self.copies:
            more = min(common_prefix(copy.tokens, ids), copy.exact) - shared
            if more > gain:
                best, gain = copy, more
        if lost >= WORTH and lost > shared:
            self._put_aside(cache)
        if best is not None:
            self._bring_back(cache, best)

    def room(self, cache: ChatCache) -> int:
        """How many caches as large as this one may be put aside at once."""
        size = int(lib.llama_state_seq_get_size(cache.context, 0))
        held = sum(len(copy.data) for copy in self.copies)
        # What is put aside already is no longer free, and is there to be replaced.
        return min(MOST_BYTES, (self._free() + held) // _SHARE) // size if size else 0

    def _put_aside(self, cache: ChatCache) -> None:
        """Keep a copy in place of an older one of the same beginning."""
        kept = cache.tokens[: cache.exact]
        self.copies = [
            copy for copy in self.copies
            if 2 * common_prefix(copy.tokens, kept) <= len(copy.tokens)
        ]  # fmt: skip
        self.add(cache)

    def add(self, cache: ChatCache) -> None:
        """Copy the cache; where memory is short the longest unused go, or nothing is copied."""
        size = int(lib.llama_state_seq_get_size(cache.context, 0))
        limit = self.room(cache) * size
        while self.copies and size + sum(len(copy.data) for copy in self.copies) > limit:
            del self.copies[0]
        if not 0 < size <= limit:
            return
        data = bytearray(size)
        raw = (ctypes.c_uint8 * size).from_buffer(data)
        if lib.llama_state_seq_get_data(cache.context, raw, size, 0) == size:
            self.copies.append(Copy(list(cache.tokens), cache.exact, data))

    def _bring_back(self, cache: ChatCache, copy: Copy) -> None:
        self.copies = [each for each in self.copies if each is not copy]
        self.put_back(cache, copy)

    def put_back(self, cache: ChatCache, copy: Copy) -> None:
        """Make the cache what it was when it was copied, or empty where that fails."""
        cache.clear()
        raw = (ctypes.c_uint8 * len(copy.data)).from_buffer(copy.data)
        if lib.llama_state_seq_set_data(cache.context, raw, len(copy.data), 0):
            cache.tokens[:] = copy.tokens
            cache.exact = copy.exact
        else:
            cache.clear()


def free_memory() -> int:
    """Bytes a process may still take without anything being swapped out, as far as it is known."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return _UNKNOWN * _SHARE
