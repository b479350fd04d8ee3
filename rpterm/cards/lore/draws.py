"""Reproducible random draws: each is a pure function of its arguments, so a replay repeats it."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from hashlib import blake2b
from itertools import accumulate


def draw(seed: int, turn: int, what: str, identity: bytes) -> float:
    """A uniformly distributed number in [0, 1), always the same for the same arguments."""
    head = f"{seed}\0{turn}\0{what}\0".encode("utf-8", "replace")
    digest = blake2b(head + identity, digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def pick(point: float, weights: Sequence[int]) -> int:
    """The weighted choice for a point in [0, 1), as an index; 0 if all weights are 0."""
    return bisect(list(accumulate(weights)), point * sum(weights)) % len(weights)
