"""Numbers: how many of something, how many years, which year, against another number. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from rpterm.scoring.frames.known import Claim, Clash, Known, is_unreal
from rpterm.scoring.frames.numbers import NUMBER, number
from rpterm.scoring.texts import content_stems, phrase_pattern
from rpterm.scoring.word_frequency import rarity

_UNIT = re.compile(
    r"[ -]?(?P<skipped>(?:a |an |per |[a-z-]+ )??)(?P<noun>[a-zà-þ]{3,})", re.IGNORECASE
)
_EACH = ("a ", "an ", "per ")
"""After a number and before a unit: "nine hundred a week" counts no weeks."""
_TIME_TEXT = "years days weeks months hours minutes winters summers seasons miles"
_TIME = frozenset(content_stems(_TIME_TEXT))
"""A sentence counts these for many reasons; they are compared only if more is in common."""
_NOT_COUNTED_TEXT = (
    "people things times men steps and more less others ways minutes percent oclock kinds pieces "
    "words drops cups glasses coins nights days old thousand hundred"
)
_NOT_COUNTED = frozenset(content_stems(_NOT_COUNTED_TEXT))
_STATES = phrase_pattern(
    ["have", "has", "had", "'ve got", "owns?", "knows?", "speaks?", "there (?:are|were)",
     "there's", "owe", "of my", r"all \w+ (?:of|my)", "collect", "runs?", "keeps?", "with", "only",
     "it's been"]
)  # fmt: skip
_ANCHOR = 2.2
"""The rarity of a word that makes two sentences be about the same thing."""
_TELLING, _TELLING_WORDS = 2.0, 2
"""The same for years: how rare, and how many words."""
_YEAR = re.compile(r"\b1[0-9]\d\d\b|\b20\d\d\b")
_LONGEST = 30
"""Words; a longer sentence counts too many things."""


def clashes(said: Claim, known: Known) -> Iterator[Clash]:
    """A number of the claim where another one is known."""
    if known.who != "i" or is_unreal(said.text) or len(said.text.split()) > _LONGEST:
        return
    stems = frozenset(content_stems(said.plain)) - known.name_stems
    for noun, numbers in _counts(said.plain).items():
        counted = [(line, _counts(line.text)[noun]) for line in known.lines
                   if noun in _counts(line.text)]  # fmt: skip
        if any(found & numbers for _, found in counted):
            continue
        for line, _ in counted:
            shared = (stems & frozenset(content_stems(line.text))) - {noun}
            anchored = any(rarity(stem) >= _ANCHOR for stem in shared if not stem.isdigit())
            stated = noun not in _TIME and line.written and _STATES.search(said.plain)
            if anchored or stated:
                yield "another number", line
    yield from _years(said, known, stems)


def _years(said: Claim, known: Known, stems: frozenset[str]) -> Iterator[Clash]:
    """Another year of the same event."""
    years = set(_YEAR.findall(said.plain))
    for line in known.lines if len(years) == 1 else ():
        others = set(_YEAR.findall(line.text))
        shared = (stems & frozenset(content_stems(line.text))) - years
        telling = [stem for stem in shared if rarity(stem) >= _TELLING]
        if len(others) == 1 and others != years and len(telling) >= _TELLING_WORDS:
            yield "another year", line


@lru_cache(maxsize=4096)
def _counts(text: str) -> Mapping[str, frozenset[int]]:
    """The numbers from two up in a text, by the stem of what they count."""
    found: dict[str, set[int]] = {}
    for match in NUMBER.finditer(text):
        value, unit = number(match.group()), _UNIT.match(text, match.end())
        if value is None or value < 2 or unit is None or unit["skipped"] in _EACH:
            continue
        stems = content_stems(unit["noun"])
        if stems and stems[0] not in _NOT_COUNTED and number(unit["noun"]) is None:
            found.setdefault(stems[0], set()).add(value)
    return {noun: frozenset(values) for noun, values in found.items()}
