"""The dated words of ``eras.toml``, as one pattern. Read when first asked for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files


def later_words(text: str, year: int) -> Iterator[tuple[int, int, int]]:
    """Words that nobody could know in ``year``: start, end and the year each begins with."""
    pattern, years = _words()
    for match in pattern.finditer(text):
        begins = years[_key(match)]
        if begins > year and not _only_common(match[0]):
            yield match.start(), match.end(), begins


def _key(match: re.Match[str]) -> str:
    return str(match.lastgroup)


def _only_common(found: str) -> bool:
    """Whether a word that counts as a name alone ("Trump") was written small."""
    return found in _SMALL


_SMALL = frozenset(
    ["trump", "elvis", "bach", "waterloo", "siri", "tinder", "bachs", "jedi knightess", "beatle"]
)


@lru_cache(maxsize=1)
def _words() -> tuple[re.Pattern[str], dict[str, int]]:
    table = tomllib.loads(files("rpterm.scoring").joinpath("eras.toml").read_text("utf-8"))
    by_year: dict[int, list[str]] = {}
    for kind in table.values():
        for year, words in kind.items():
            by_year.setdefault(int(year), []).extend(words)
    # Longer words first over all years: "electric guitar" is not to be read as "electric".
    parts = sorted(
        ((word, year) for year, words in by_year.items() for word in words),
        key=lambda pair: -len(pair[0]),
    )
    years = {f"w{at}": year for at, (_, year) in enumerate(parts)}
    options = "|".join(f"(?P<w{at}>{_pattern(word)})" for at, (word, _) in enumerate(parts))
    return re.compile(rf"(?<![\w’'])(?:{options})(?![\w])", re.IGNORECASE), years


def _pattern(word: str) -> str:
    escaped = re.escape(word.rstrip("*")).replace(r"\ ", r"[\s-]+").replace("'", "['’]")
    return escaped + r"\w*" if word.endswith("*") else escaped
