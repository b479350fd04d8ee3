"""Colours: of hair, eyes and belongings, against another colour. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from rpterm.scoring.frames.known import Claim, Clash, Known, clause_at, is_negated, is_unreal
from rpterm.scoring.resources import load_toml
from rpterm.scoring.texts import content_stems

_NOUNS = r"(?P<noun>[a-zà-þ]+(?: [a-zà-þ]{3,})?)\b"
"""A thing may come one word after its colour: "grey Škoda van"."""
_LIST = re.compile(
    r"\b(?P<noun>hair|eyes?|fur|skin|beard)(?: colou?r)?\W*[:(=]\W*(?P<list>[^;)\n]{3,40})",
    re.IGNORECASE,
)


def clashes(said: Claim, known: Known) -> Iterator[Clash]:
    """A thing of the character in another colour than the known one."""
    if known.who != "i" or is_unreal(said.text):
        return
    written = [line for line in known.lines if line.written]
    for noun, colours in _spoken(said.plain).items():
        coloured = [line for line in written if noun in _written(line.text)]
        if coloured and not any(_written(line.text)[noun] & colours for line in coloured):
            yield "another colour", coloured[0]


def _spoken(text: str) -> Mapping[str, frozenset[int]]:
    """The colours of what a sentence calls "my", "his" or "her", by its stem."""
    before, after = _speech_patterns()
    return _collect(text, (*before.finditer(text), *after.finditer(text)))


@lru_cache(maxsize=4096)
def _written(text: str) -> Mapping[str, frozenset[int]]:
    """The colours of the things in a line of the card, by stem."""
    plain = text.replace("’", "'")
    found = dict(_collect(plain, _card_pattern().finditer(plain)))
    for match in _LIST.finditer(plain):
        groups = [_groups().get(word, frozenset()) for word in re.findall(r"\w+", match["list"])]
        noun = _stem(match["noun"])
        found[noun] = found.get(noun, frozenset()).union(*groups)
    return {noun: groups for noun, groups in found.items() if groups}


def _collect(text: str, matches: Iterable[re.Match[str]]) -> dict[str, frozenset[int]]:
    found: dict[str, frozenset[int]] = {}
    for match in matches:
        if is_negated(clause_at(text, *match.span())):
            continue
        for noun in filter(None, map(_stem, match["noun"].split())):
            found[noun] = found.get(noun, frozenset()) | _groups()[match["colour"].lower()]
    return found


def _stem(noun: str) -> str:
    """The stem of a noun; "" of a stop word."""
    stem = next(iter(content_stems(noun)), "")
    return "eye" if stem in ("ey", "eyes") else stem


@lru_cache(maxsize=1)
def _groups() -> Mapping[str, frozenset[int]]:
    """For each colour, the groups of similar colours it belongs to."""
    rows = [row.split() for row in load_toml("frames.toml")["colours"]]
    every = {word for row in rows for word in row}
    return {word: frozenset(at for at, row in enumerate(rows) if word in row) for word in every}


def _colour() -> str:
    return f"(?P<colour>{'|'.join(sorted(_groups()))})"


@lru_cache(maxsize=1)
def _speech_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A colour before the thing, and after it."""
    whose = r"(?:my|his|her|their|its)"
    before = rf"\b{whose} (?:[a-z]+,? ){{0,2}}{_colour()}[, ] ?{_NOUNS}"
    after = rf"\bmy (?P<noun>hair|eyes|fur|skin|beard) (?:is|are|was) (?:\w+ )?{_colour()}\b"
    return re.compile(before, re.IGNORECASE), re.compile(after, re.IGNORECASE)


@lru_cache(maxsize=1)
def _card_pattern() -> re.Pattern[str]:
    return re.compile(rf"\b{_colour()}[, -] ?{_NOUNS}", re.IGNORECASE)
