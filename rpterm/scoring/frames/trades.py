"""What somebody is: trade or kind of being, against another one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from rpterm.scoring.frames.known import (
    Claim,
    Clash,
    Known,
    Line,
    clause_at,
    is_negated,
    own_part,
)
from rpterm.scoring.resources import load_toml

_ADVERBS = r"(?:(?:really|just|only|actually|still|now|always|also|but|quite|in fact) )*"
_MORE = r"(?:[a-z'-]+ ){0,2}?"
"""What may stand between an article and a trade: "a retired police officer"."""
_AM = (
    rf"\b(?:(?:I|and) became|I(?:'m| am|'ve (?:always )?been| have (?:always )?been)|as) {_ADVERBS}"
    rf"(?:a|an|the|only the|only a|your|the new)? ?{_MORE}"
)
_WAS = rf"\bI (?:used to be|was(?: once)?) (?:a|an|the) {_MORE}"
_PAST = re.compile(
    r"\b(?:used to|ex-|ex |former(?:ly)?|retired|once|in (?:his|her|your|my|their) youth|was|were|"
    r"had been|worked)\b[^.,;]*$",
    re.IGNORECASE,
)
"""Before a trade on the card: it is over."""
_STATED = re.compile(
    r"\b(?:works? as (?:an? |the )?|(?:occupation|job|profession)\W*[:(=]\W*(?:an? )?)"
    r"(?P<trade>[a-z][a-z -]{2,29})",
    re.IGNORECASE,
)
"""A trade on the card that may not be in the table."""
_DENIED = re.compile(r"\b(?:not|no|never) (?:an? |the )?[a-z-]+", re.IGNORECASE)
_SECRET = re.compile(r"\b(?:secret|hid(?:es|den|ing)|disguise|pretends?|tells? nobody|undercover)")


def clashes(said: Claim, known: Known) -> Iterator[Clash]:
    """Another trade or kind of being than the known one."""
    if known.who != "i":
        return
    for table in ("trades", "beings"):
        yield from _denied(said.real, table, known)
        for past in (False, True):
            yield from _other(said.real, table, past, known)


def _other(plain: str, table: str, past: bool, known: Known) -> Iterator[Clash]:
    """Another trade or being, unless the claim also names a known one."""
    match = _said(table, past).search(plain)
    if match is None or is_negated(clause_at(plain, *match.span())):
        return
    said = _groups_of(_DENIED.sub("", plain), table)
    if any(said & _groups_of(_counted(line, table), table) for line in known.lines):
        return
    for line in known.lines:
        own = own_part(line.text)
        for other in _any(table).finditer(own) if line.written else ():
            if bool(_PAST.search(own[: other.start()])) == past:
                yield f"the card says: {other.group()}", line
        stated = _STATED.search(own) if table == "trades" and line.written and not past else None
        if stated is not None:
            yield f"the card says: {stated['trade'].strip()}", line


def _denied(plain: str, table: str, known: Known) -> Iterator[Clash]:
    """ "I'm not a witch" where the card says so, and does not call it a secret."""
    match = _is_not(table).search(plain)
    if match is None or _SECRET.search(known.text):
        return
    for line in known.lines:
        own = own_part(line.text)
        for each in _any(table).finditer(own) if line.written else ():
            is_over = _PAST.search(own[: each.start()]) or is_negated(clause_at(own, *each.span()))
            if each.group().lower() == match["word"].lower() and not is_over:
                yield f"the card says: {each.group()}", line


def _counted(line: Line, table: str) -> str:
    """The part of a line in which a known word may stand: of a trade, anywhere."""
    return own_part(line.text) if table == "beings" and line.written else line.text


@lru_cache(maxsize=4096)
def _groups_of(text: str, table: str) -> frozenset[int]:
    """The groups of synonyms of all words of a table in a text."""
    groups = [_groups(table)[match.group().lower()] for match in _any(table).finditer(text)]
    return frozenset().union(*groups)


@lru_cache(maxsize=2)
def _groups(table: str) -> Mapping[str, frozenset[int]]:
    """For each word of a table and its plural, the groups of synonyms it belongs to."""
    rows = [row.split(", ") for row in load_toml("frames.toml")[table]]
    every = {word for row in rows for word in row}
    groups = {word: frozenset(at for at, row in enumerate(rows) if word in row) for word in every}
    return {f"{word}s": found for word, found in groups.items()} | groups


def words_of(table: str) -> str:
    """A regular expression of all words of a table."""
    return "|".join(sorted(map(re.escape, _groups(table)), key=lambda word: (-len(word), word)))


@lru_cache(maxsize=2)
def _any(table: str) -> re.Pattern[str]:
    verb = "".join(rf"(?<!\b{word} )" for word in ("to", "can", "I", "you", "they", "not"))
    return re.compile(rf"{verb}(?<![\w-])(?:{words_of(table)})(?![\w-])", re.IGNORECASE)


@lru_cache(maxsize=4)
def _said(table: str, past: bool) -> re.Pattern[str]:
    start = _WAS if past else _AM
    return re.compile(rf"{start}(?:{words_of(table)})(?![\w'-])", re.IGNORECASE)


@lru_cache(maxsize=2)
def _is_not(table: str) -> re.Pattern[str]:
    who = r"(?:\bI(?:'m| am)|,) (?:not an?|not the|no)"
    return re.compile(rf"{who} (?P<word>{words_of(table)})(?![\w'-])(?! of\b)", re.IGNORECASE)
