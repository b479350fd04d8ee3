"""Scripts without spaces between words (Chinese, Japanese, Thai): pairs of characters as words."""

from __future__ import annotations

import re

_RANGES = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
UNSPACED = re.compile(f"[{_RANGES}]")
"""One character of such a script."""
_LETTER = rf"[^\W{_RANGES}]"
_HANGUL = r"\uac00-\ud7a3"


def character_pairs(word: str) -> list[str]:
    """The overlapping pairs of characters of a run of text; a single character as it is."""
    return [word[at : at + 2] for at in range(len(word) - 1)] or [word]


def word_count(text: str) -> int:
    """The number of words; two characters without spaces between them count as one."""
    characters = 0 if text.isascii() else len(UNSPACED.findall(text))
    return (characters + 1) // 2 if characters else len(text.split())


def whole_words(text: str) -> str:
    """A pattern that finds a text, such as a name, but not as a part of a longer word.

    Where the text begins or ends in a script without spaces, anything may stand next to it, and so
    may the particle after a Korean word.
    """
    start = rf"(?<!{_LETTER})" if re.match(_LETTER, text) else ""
    end = rf"(?!{_LETTER})" if re.search(rf"(?![{_HANGUL}]){_LETTER}\Z", text) else ""
    return start + re.escape(text) + end
