"""Chance that a replay repeats: every draw is a function of its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b


def draw(seed: int, turn: int, what: str, identity: bytes) -> float:
    """A number from 0 up to 1, evenly spread, always the same for the same arguments."""
    head = f"{seed}\0{turn}\0{what}\0".encode("utf-8", "replace")
    digest = blake2b(head + identity, digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def pick(point: float, weights: Sequence[int]) -> int:
    """The index that a point from 0 up to 1 falls on; the first when all weights are 0."""
    goal = point * sum(weights)
    reached = 0.0
    for index, weight in enumerate(weights):
        reached += weight
        if goal < reached:
            return index
    return 0
