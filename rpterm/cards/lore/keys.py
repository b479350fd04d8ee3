"""Finds which of thousands of keys occur in a text, at a cost that depends on the text alone.

- *Whole words* (the usual kind): one dictionary maps the words of a key to the key, another maps
  each first word to the lengths of the keys that begin with it. A text is split into words once;
  for each word, one look-up tells whether a key can begin there.
- *Substrings*: each key is indexed by its rarest n-gram of eight letters (fewer for short keys).
  The n-grams of a text are intersected with that index, and only the keys found are searched for.
- *Regex patterns*: RE2's set combines many patterns into one automaton, linear in the text.

Typographic apostrophes equal plain ones, and any run of white space equals one space. Scripts
written without spaces have no whole words: such keys match anywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rpterm.cards.lore.pattern_set import PatternSet

_WORD = re.compile(r"\w+")
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff]"
)
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'"})
_SIZES = (8, 5, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class KeySpec:
    """A key and how it is matched."""

    text: str
    case_sensitive: bool = False
    whole_words: bool = True


class KeyIndex:
    """The index of all keys of a book."""

    def __init__(self, specs: Sequence[KeySpec]) -> None:
        self._patterns = PatternSet(
            {number: spec.text for number, spec in enumerate(specs) if PatternSet.takes(spec.text)}
        )
        self.broken = self._patterns.broken
        """Key number → why its pattern is invalid; such a key never matches."""
        plain = [
            (number, spec)
            for number, spec in enumerate(specs)
            if not PatternSet.takes(spec.text) and spec.text.strip()
        ]
        self._indexes = [
            (fold, _Index([(n, key) for n, key in plain if key.case_sensitive is not fold], fold))
            for fold in (True, False)
        ]

    def hits(self, text: str) -> frozenset[int]:
        """The numbers of the keys that occur in the text."""
        found: set[int] = self._patterns.hits(text)
        for fold, index in self._indexes:
            if index:
                index.collect(normalize(text, fold), found)
        return frozenset(found)


def normalize(text: str, fold: bool) -> str:
    """A text normalised for matching; ``fold`` ignores case."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).translate(_APOSTROPHES)
    if fold:
        text = text.casefold()
    return " ".join(text.split())


class _Index:
    """The index of either the case-sensitive keys or the others."""

    def __init__(self, keys: Iterable[tuple[int, KeySpec]], fold: bool) -> None:
        self.phrases: dict[str, list[tuple[str, str, int]]] = {}
        self.lengths: dict[str, tuple[int, ...]] = {}
        substrings: list[tuple[str, int]] = []
        lengths: dict[str, set[int]] = {}
        for number, spec in keys:
            key = normalize(spec.text, fold)
            words = list(_WORD.finditer(key))
            if not spec.whole_words or not words or _SPACELESS.search(key):
                substrings.append((key, number))
                continue
            start, end = words[0].start(), words[-1].end()
            keys_of_phrase = self.phrases.setdefault(key[start:end], [])
            keys_of_phrase.append((key[:start], key[end:], number))
            lengths.setdefault(words[0][0], set()).add(len(words))
        self.lengths = {word: tuple(sorted(sizes)) for word, sizes in lengths.items()}
        self.grams = _by_rarest_ngram(substrings)
        self.sizes = sorted({len(gram) for gram in self.grams})

    def __bool__(self) -> bool:
        return bool(self.phrases or self.grams)

    def collect(self, text: str, found: set[int]) -> None:
        if self.phrases:
            self._collect_phrases(text, found)
        for size in self.sizes:
            grams = {text[at : at + size] for at in range(len(text) - size + 1)}
            for gram in grams & self.grams.keys():
                found.update(number for key, number in self.grams[gram] if key in text)

    def _collect_phrases(self, text: str, found: set[int]) -> None:
        words = list(_WORD.finditer(text))
        for at, word in enumerate(words):
            for length in self.lengths.get(word[0], ()):
                if at + length > len(words):
                    break
                start, end = word.start(), words[at + length - 1].end()
                for before, after, number in self.phrases.get(text[start:end], ()):
                    if text.startswith(after, end) and text.endswith(before, 0, start):
                        found.add(number)


def _by_rarest_ngram(keys: list[tuple[str, int]]) -> dict[str, list[tuple[str, int]]]:
    """The keys grouped by the n-gram that the fewest of them share."""
    ngrams = {key: _ngrams(key) for key, _ in keys}
    frequency = Counter(gram for grams in ngrams.values() for gram in grams)
    groups: dict[str, list[tuple[str, int]]] = {}
    for key, number in keys:
        rarest = min(ngrams[key], key=lambda gram: (frequency[gram], gram))
        groups.setdefault(rarest, []).append((key, number))
    return groups


def _ngrams(key: str) -> set[str]:
    size = next(size for size in _SIZES if size <= len(key))
    return {key[at : at + size] for at in range(len(key) - size + 1)}
