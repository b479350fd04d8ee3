"""Ages and years of birth against another one. Pure.

Cards and speakers phrase an age differently ("Age: 34", "a keeper, who is 34"; "I'm 34."): in the
other's mouth these phrases may be about anybody, so each has patterns of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from rpterm.scoring.frames.known import Claim, Clash, Known, own_part
from rpterm.scoring.frames.numbers import number

_DECADES = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_AGE = rf"(?P<age>\d{{2,3}}|(?:\w+-and-)?(?:{_DECADES})(?:-\w+)?|[a-z]+teen)"
_VERY = r"(?:\s+(?:really|still|now|also|actually|only|just))?"
_CLAUSE_END = r"(?=[.,;!?\"”*]| and\b| but\b|$)"
_NOT_KIN = r"^(?!(?:my|his|her|their|your)\b)"
_BORN = r"\bborn\b[^.;]{0,40}? in (?P<year>1\d{3}|20\d\d)\b"
_ANYBODY = (
    _BORN,
    rf"(?:\bam|'m|\bis|'s){_VERY} (?P<age>\d{{1,3}}|[a-z]+(?:-[a-z]+)?) years? (?:old|of age)\b",
    rf"\baged? {_AGE}\b",
)
_IN_CARDS = (
    rf"\bages?\W{{1,4}}{_AGE}\b",
    rf"^[A-ZÀ-Þ][^,.]{{1,40}}, {_AGE}(?:,|\.|$)",
    rf"\b(?:of|is|are|am) {_AGE}(?=,| and\b| has\b| but\b|[.;]|$| who\b)",
    rf"{_NOT_KIN}(?:[^.]{{0,60}}?(?:\b(?:is|are)|[,:;–-]) )?an? {_AGE}[- ]years?[- ]old\b",
    rf"\b(?:he|she|they|you|who) (?:is|are) {_AGE}{_CLAUSE_END}",
)
_IN_SPEECH = (
    rf"\bI(?: am|'m|'ve turned| turned){_VERY} {_AGE}{_CLAUSE_END}",
    rf"\bI(?:'ve| have)? (?:just )?turned {_AGE}\b",
    rf"\bI(?: am|'m){_VERY} an? {_AGE}[- ]years?[- ]old\b",
)
_WRITTEN = tuple(re.compile(each, re.IGNORECASE) for each in (*_ANYBODY, *_IN_CARDS))
_SPOKEN = tuple(re.compile(each, re.IGNORECASE) for each in (*_ANYBODY, *_IN_SPEECH))
_OTHER_NAME = re.compile(r"(?<!^)[A-ZÀ-Þ][\w'-]+, (?:who is |now )?$|^\w+ [A-ZÀ-Þ][\w'-]+, $")
"""Somebody else's name right before an age."""
_ABOUT_SPEAKER = re.compile(r"\b(?:I|my)\b", re.IGNORECASE)


def clashes(said: Claim, known: Known) -> Iterator[Clash]:
    """Another age or year of birth than the known one."""
    ages = _ages(said.real, False) if known.who == "i" and _ABOUT_SPEAKER.search(said.real) else {}
    for line in known.lines if ages else ():
        for what, value in _ages(line.text, line.written).items():
            if ages.get(what, value) != value:
                yield f"another {what}", line


@lru_cache(maxsize=4096)
def _ages(text: str, written: bool) -> dict[str, int]:
    """The ``age`` and the ``year`` of birth in a text."""
    plain = text.replace("’", "'")
    found: dict[str, int] = {}
    for pattern in _WRITTEN if written else _SPOKEN:
        for match in pattern.finditer(own_part(plain) if written else plain):
            value = number(match.group(1))
            (what,) = pattern.groupindex
            if value and not (what == "age" and _OTHER_NAME.search(plain[: match.start()])):
                found.setdefault(what, value)
    return found
