"""Scripts without spaces between words (Chinese, Japanese, Thai): pairs of characters as words."""

from __future__ import annotations

import re

UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f]")
"""One character of such a script."""


def character_pairs(word: str) -> list[str]:
    """The overlapping pairs of characters of a run of text; a single character as it is."""
    return [word[at : at + 2] for at in range(len(word) - 1)] or [word]


def word_count(text: str) -> int:
    """The number of words; two characters without spaces between them count as one."""
    characters = 0 if text.isascii() else len(UNSPACED.findall(text))
    return (characters + 1) // 2 if characters else len(text.split())
