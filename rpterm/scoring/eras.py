"""The dated words of ``eras.toml``: what nobody could name before a year. Read when first asked.

A word of the list matches its plural, too; "word*" any ending; a blank and a hyphen are the same.
What is written with a capital there is a name and matches only with one. Of two entries that fit
at the same place the longer one counts: "electric guitar" is no "electric". The list knows things,
brands, people, events, ideas and turns of phrase as the English of books and films has them; it
errs to the late side for things that had forerunners.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

_TOKEN = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*|[#/]")
_LONGEST = 6
_SHORTEST_START = 3


@dataclass(slots=True)
class _Lexicon:
    whole: dict[tuple[str, ...], tuple[int, bool]] = field(default_factory=dict)
    starts: dict[tuple[str, ...], tuple[int, bool]] = field(default_factory=dict)


def later_words(text: str, year: int) -> Iterator[tuple[int, int, int]]:
    """Words that nobody could know in ``year``: start, end and the year each begins with."""
    tokens = [(match.start(), match.end(), match[0]) for match in _TOKEN.finditer(text)]
    plain = [token.lower().replace("’", "'") for _, _, token in tokens]
    at = 0
    while at < len(tokens):
        found = _longest(text, plain, tokens, at)
        if found is None:
            at += 1
            continue
        length, begins = found
        if begins > year:
            yield tokens[at][0], tokens[at + length - 1][1], begins
        at += length if begins > year else 1


def _longest(
    text: str, plain: list[str], tokens: list[tuple[int, int, str]], at: int
) -> tuple[int, int] | None:
    """How many tokens from here on make an entry, and its year."""
    lexicon = _lexicon()
    capital = tokens[at][2][:1].isupper() or not tokens[at][2][:1].isalpha()
    for length in range(_together(text, tokens, at), 0, -1):
        *before, last = plain[at : at + length]
        for key in _forms(last):
            entry = lexicon.whole.get((*before, key))
            if entry is not None and (capital or not entry[1]):
                return length, entry[0]
        for end in range(len(last), _SHORTEST_START - 1, -1):
            entry = lexicon.starts.get((*before, last[:end]))
            if entry is not None and (capital or not entry[1]):
                return length, entry[0]
    return None


def _together(text: str, tokens: list[tuple[int, int, str]], at: int) -> int:
    """How many tokens from here on only blanks and hyphens part."""
    length = 1
    while length < _LONGEST and at + length < len(tokens):
        between = text[tokens[at + length - 1][1] : tokens[at + length][0]]
        if between.strip(" \n\t-‑"):
            break
        length += 1
    return length


def _forms(word: str) -> Iterator[str]:
    """The word, and what it may be the plural or the possessive of."""
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
    table = tomllib.loads(files("rpterm.scoring").joinpath("eras.toml").read_text("utf-8"))
    lexicon = _Lexicon()
    for kind in table.values():
        for year, words in kind.items():
            for word in words:
                _add(lexicon, word, int(year))
    return lexicon


def _add(lexicon: _Lexicon, word: str, year: int) -> None:
    """An entry; of two years for one word the later one holds."""
    where = lexicon.starts if word.endswith("*") else lexicon.whole
    tokens = tuple(match[0].lower() for match in _TOKEN.finditer(word.rstrip("*")))
    if not tokens:
        return
    known = where.get(tokens)
    name = word[:1].isupper() and (known is None or known[1])
    where[tokens] = (max(year, known[0]) if known else year, name)
