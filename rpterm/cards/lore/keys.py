"""Which of thousands of keys are in a text? The cost follows the text, not the number of keys.

- *Whole words* (the usual kind): a dictionary from the key's words to the key, and one from each
  first word to the lengths of the keys that begin with it. A text is cut into words once; for
  each word one look-up says whether any key begins there at all.
- *Parts of words*: each key is filed under the rarest of its pieces of eight letters (fewer in
  short keys); the pieces of a text are intersected with the files, and only keys in a hit file
  are searched for.
- *Patterns*: one combined automaton for many patterns (RE2's set), linear in the text.

Matching does not care for typographic apostrophes or for how many spaces stand between words.
Scripts written without spaces have no whole words: such keys match anywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rpterm.cards.lore.patterns import PatternSet

_WORD = re.compile(r"\w+")
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff]"
)
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'"})
_SIZES = (8, 5, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class KeySpec:
    """A key and how it is compared."""

    text: str
    case_sensitive: bool = False
    whole_words: bool = True


class KeyIndex:
    """All keys of a book, prepared once."""

    def __init__(self, specs: Sequence[KeySpec]) -> None:
        self._patterns = PatternSet(
            {number: spec.text for number, spec in enumerate(specs) if PatternSet.takes(spec.text)}
        )
        self.broken = self._patterns.broken
        """Key → why its pattern is not valid; such a key never matches."""
        plain = [
            (number, spec)
            for number, spec in enumerate(specs)
            if not PatternSet.takes(spec.text) and spec.text.strip()
        ]
        self._sides = [
            (fold, _Side([(n, spec) for n, spec in plain if spec.case_sensitive is not fold], fold))
            for fold in (True, False)
        ]

    def hits(self, text: str) -> frozenset[int]:
        """The numbers of the keys that are in the text."""
        found: set[int] = self._patterns.hits(text)
        for fold, side in self._sides:
            if side:
                side.collect(normal(text, fold), found)
        return frozenset(found)


def normal(text: str, fold: bool) -> str:
    """A text as it is compared."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).translate(_APOSTROPHES)
    if fold:
        text = text.casefold()
    return " ".join(text.split())


class _Side:
    """The keys that are compared in one way: with or without regard to capital letters."""

    def __init__(self, keys: Iterable[tuple[int, KeySpec]], fold: bool) -> None:
        self.phrases: dict[str, list[tuple[str, str, int]]] = {}
        self.lengths: dict[str, tuple[int, ...]] = {}
        parts: list[tuple[str, int]] = []
        lengths: dict[str, set[int]] = {}
        for number, spec in keys:
            key = normal(spec.text, fold)
            words = list(_WORD.finditer(key))
            if not spec.whole_words or not words or _SPACELESS.search(key):
                parts.append((key, number))
                continue
            start, end = words[0].start(), words[-1].end()
            place = self.phrases.setdefault(key[start:end], [])
            place.append((key[:start], key[end:], number))
            lengths.setdefault(words[0][0], set()).add(len(words))
        self.lengths = {word: tuple(sorted(sizes)) for word, sizes in lengths.items()}
        self.grams = _file(parts)
        self.sizes = sorted({len(gram) for gram in self.grams})

    def __bool__(self) -> bool:
        return bool(self.phrases or self.grams)

    def collect(self, text: str, found: set[int]) -> None:
        if self.phrases:
            self._whole(text, found)
        for size in self.sizes:
            grams = {text[at : at + size] for at in range(len(text) - size + 1)}
            for gram in grams & self.grams.keys():
                found.update(number for key, number in self.grams[gram] if key in text)

    def _whole(self, text: str, found: set[int]) -> None:
        words = list(_WORD.finditer(text))
        for at, word in enumerate(words):
            for length in self.lengths.get(word[0], ()):
                if at + length > len(words):
                    break
                start, end = word.start(), words[at + length - 1].end()
                for before, behind, number in self.phrases.get(text[start:end], ()):
                    if text.startswith(behind, end) and text.endswith(before, 0, start):
                        found.add(number)


def _file(parts: list[tuple[str, int]]) -> dict[str, list[tuple[str, int]]]:
    """File each key under the rarest of its pieces."""
    pieces = {key: _pieces(key) for key, _ in parts}
    common = Counter(piece for own in pieces.values() for piece in own)
    files: dict[str, list[tuple[str, int]]] = {}
    for key, number in parts:
        rarest = min(pieces[key], key=lambda piece: (common[piece], piece))
        files.setdefault(rarest, []).append((key, number))
    return files


def _pieces(key: str) -> set[str]:
    size = next(size for size in _SIZES if size <= len(key))
    return {key[at : at + size] for at in range(len(key) - size + 1)}
