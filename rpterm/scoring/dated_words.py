"""Finds dated words (``eras.toml``): things, people and phrases nobody could name before a year.

An entry also matches its plural; "word*" matches any ending; space and hyphen are equivalent. An
entry written with a capital is a name and matches only with a capital. Where two entries match at
the same place the longer one wins: "electric guitar" is not "electric". The list covers things,
brands, people, events, ideas and turns of phrase in the English of books and films. For things
that had forerunners its years err on the late side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from rpterm.scoring.resources import load_toml

_TOKEN = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*|[#/]")
_LONGEST_ENTRY = 6
_SHORTEST_PREFIX = 3


@dataclass(frozen=True, slots=True)
class _Entry:
    year: int
    is_name: bool


@dataclass(slots=True)
class _Lexicon:
    """Entries by their tokens; ``prefixes`` holds those whose last token may continue."""

    words: dict[tuple[str, ...], _Entry] = field(default_factory=dict)
    prefixes: dict[tuple[str, ...], _Entry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    text: str

    @property
    def plain(self) -> str:
        return self.text.lower().replace("’", "'")

    @property
    def may_be_name(self) -> bool:
        return self.text[0].isupper() or not self.text[0].isalpha()


def words_dated_after(text: str, year: int) -> Iterator[tuple[int, int, int]]:
    """Words that nobody could know in ``year``, as (start, end, year of the entry)."""
    tokens = [_Token(match.start(), match.end(), match[0]) for match in _TOKEN.finditer(text)]
    at = 0
    while at < len(tokens):
        found = _longest_entry(text, tokens, at)
        if found is None or found[1] <= year:
            at += 1
            continue
        length, since = found
        yield tokens[at].start, tokens[at + length - 1].end, since
        at += length


def _longest_entry(text: str, tokens: list[_Token], at: int) -> tuple[int, int] | None:
    """The number of tokens of the longest entry that begins here, and its year."""
    lexicon = _lexicon()
    plain = [token.plain for token in tokens[at : at + _adjacent(text, tokens, at)]]
    for length in range(len(plain), 0, -1):
        *before, last = plain[:length]
        prefixes = (last[:end] for end in range(len(last), _SHORTEST_PREFIX - 1, -1))
        candidates = (
            *(lexicon.words.get((*before, form)) for form in _base_forms(last)),
            *(lexicon.prefixes.get((*before, prefix)) for prefix in prefixes),
        )
        for entry in candidates:
            if entry is not None and (tokens[at].may_be_name or not entry.is_name):
                return length, entry.year
    return None


def _adjacent(text: str, tokens: list[_Token], at: int) -> int:
    """The number of tokens from here on that only spaces and hyphens separate."""
    length = 1
    while length < _LONGEST_ENTRY and at + length < len(tokens):
        between = text[tokens[at + length - 1].end : tokens[at + length].start]
        if between.strip(" \n\t-‑"):
            break
        length += 1
    return length


def _base_forms(word: str) -> Iterator[str]:
    """The word, and the words whose plural or possessive it may be."""
    yield word
    word = word.removesuffix("'s").removesuffix("'")
    yield word
    if word.endswith("ies"):
        yield word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes", "oes")):
        yield word[:-2]
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        yield word[:-1]


@lru_cache(maxsize=1)
def _lexicon() -> _Lexicon:
    lexicon = _Lexicon()
    for years in load_toml("eras.toml").values():
        for year, words in years.items():
            for word in words:
                _add(lexicon, word, int(year))
    return lexicon


def _add(lexicon: _Lexicon, word: str, year: int) -> None:
    """Add an entry; a word listed twice keeps the later year."""
    entries = lexicon.prefixes if word.endswith("*") else lexicon.words
    tokens = tuple(match[0].lower() for match in _TOKEN.finditer(word.rstrip("*")))
    if not tokens:
        return
    known = entries.get(tokens)
    is_name = word[:1].isupper() and (known is None or known.is_name)
    entries[tokens] = _Entry(max(year, known.year) if known else year, is_name)
