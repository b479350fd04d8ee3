"""Which of the hits get into the prompt: best first, as many as fit the tokens allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def fill(
    items: Iterable[T], tokens_of: Callable[[T], int], budget: int, most: int
) -> list[tuple[T, int]]:
    """Take items in order while they fit; one too long is passed over, not cut.

    Returns:
        At most ``most`` items, each with its tokens; together no more than ``budget``.
    """
    taken: list[tuple[T, int]] = []
    left = budget
    for item in items:
        if len(taken) >= most or left <= 0:
            break
        tokens = tokens_of(item)
        if tokens <= left:
            taken.append((item, tokens))
            left -= tokens
    return taken
