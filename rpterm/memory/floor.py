"""Whether what was found has a reason to be recalled: noise is worse than silence. Pure.

A hit that shares a telling word with the draft needs less to stand on than one that only shares
words of every day, or none. Measured on 121 sessions of LoCoMo as collections of 15 to 40 lines
each, and on a made-up one of 30 (tests/memory/small_world.py), against a floor under the score:
lines recalled for a question about other people 1.83 → 0.32 (words alone 2.67 → 0.52), evidence
kept 0.967 → 0.952 (0.937 → 0.916); in the made-up one false lines per question 0.15 → 0 (0.15 → 0),
true ones 0.905 as before.
"""

from __future__ import annotations

from collections.abc import Iterable

from rpterm.memory.recall import Hit
from rpterm.memory.words import EVERYDAY, terms

WITH_MEANING = (0.8, 1.0)
WORDS_ALONE = (0.25, 0.6)
"""Least ``Hit.reason`` with a telling word in common, and without one."""


def telling(found: Iterable[str]) -> frozenset[str]:
    """The terms that two lines may have in common for a reason."""
    return frozenset(found) - EVERYDAY


def stands(hit: Hit, text: str, wanted: frozenset[str], *, meaning: bool) -> bool:
    """Whether a hit is worth recalling.

    Args:
        text: The memory's words, with its speaker; looked at only where they decide.
        wanted: The telling terms of the draft.
        meaning: Whether embeddings took part.
    """
    shared, bare = WITH_MEANING if meaning else WORDS_ALONE
    # A draft of everyday words alone calls for nothing by its words.
    reason = hit.reason if wanted else hit.reason - hit.said
    if hit.pinned or reason >= bare:
        return True
    return reason >= shared and not wanted.isdisjoint(terms(text))
