"""Extracts biographical slots (work, age, year of birth, …) from sentences by pattern. Pure.

``clashing_slot`` reports a slot that a sentence and a line fill with different values. Only slots
with a single value are extracted; values are compared by their content words. Cards and speakers
phrase slots differently ("Age: 34", "a keeper, who is 34"; "I'm 34."): in the other's mouth these
phrases may be about anybody, so each has patterns of its own. Places are for ``frames.places``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from rpterm.scoring.frames.known import own_part
from rpterm.scoring.frames.numbers import number
from rpterm.scoring.texts import content_stems

_VERY = r"(?:\s+(?:really|still|now|also|actually|originally|only|just|always))?"
_VALUE = r"(?P<fill>[^.,;!?\"”*\n]{2,40})"
_EYES = "blue|brown|green|grey|gray|black|hazel|amber|golden|violet|red"
_HAIR = "blond|blonde|brown|black|red|grey|gray|white|golden|auburn|silver|dark|fair"
_DECADES = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_FOND = r"\bfavou?rite (?P<what>\w+) (?:is|was|are|has always been)"
_WHO = r"(?:\bi|\bhe|\bshe|\band|\b(?-i:[A-Z][\w-]+))"
_IS = r"(?:\bam|'m|\bis|'s)"
_PATTERNS = (
    ("birth", r"\bborn\b[^.;]{0,40}? in (?P<fill>1\d{3}|20\d\d)\b"),
    ("work", rf"{_WHO}{_VERY} (?:work|works){_VERY} as (?:an? |the )?{_VALUE}"),
    ("age", rf"{_IS}{_VERY} (?P<fill>\d{{1,3}}|[a-z]+(?:-[a-z]+)?) years? (?:old|of age)\b"),
    ("age", rf"\baged? (?P<fill>\d{{1,3}}|(?:{_DECADES})(?:-\w+)?)\b"),
    ("eyes", rf"\b(?P<fill>{_EYES})(?:-eyed| eyes)\b"),
    ("hair", rf"\b(?P<fill>{_HAIR})(?:-haired| hair)\b"),
    ("favourite", rf"{_FOND} (?:the |an? )?{_VALUE}"),
    ("instrument", rf"{_WHO}{_VERY} (?:play|plays){_VERY} the {_VALUE}"),
)
_AGE = rf"(?P<fill>\d{{2,3}}|(?:\w+-and-)?(?:{_DECADES})(?:-\w+)?|[a-z]+teen)"
_OTHER_NAME = re.compile(r"(?<!^)[A-ZÀ-Þ][\w'-]+, (?:who is |now )?$|^\w+ [A-ZÀ-Þ][\w'-]+, $")
"""Somebody else's name right before an age."""
_CLAUSE_END = r"(?=[.,;!?\"”*]| and\b| but\b|$)"
_NOT_KIN = r"^(?!(?:my|his|her|their|your)\b)"
_ONLY_IN_CARDS = (
    ("age", rf"\bages?\W{{1,4}}{_AGE}\b"),
    ("age", rf"^[A-ZÀ-Þ][^,.]{{1,40}}, {_AGE}(?:,|\.|$)"),
    ("age", rf"\b(?:of|is|are|am) {_AGE}(?=,| and\b| has\b| but\b|[.;]|$| who\b)"),
    ("age", rf"{_NOT_KIN}(?:[^.]{{0,60}}?(?:\b(?:is|are)|[,:;–-]) )?an? {_AGE}[- ]years?[- ]old\b"),
    ("age", rf"\b(?:he|she|they|you|who) (?:is|are) {_AGE}{_CLAUSE_END}"),
    ("eyes", rf"^eyes?(?: colou?r)?\s*[:=]\s*(?P<fill>{_EYES})\b"),
    ("hair", rf"^hair(?: colou?r)?\s*[:=]\s*(?P<fill>{_HAIR})\b"),
)
_ONLY_IN_SPEECH = (
    ("age", rf"\bI(?: am|'m|'ve turned| turned){_VERY} {_AGE}{_CLAUSE_END}"),
    ("age", rf"\bI(?:'ve| have)? (?:just )?turned {_AGE}\b"),
    ("age", rf"\bI(?: am|'m){_VERY} an? {_AGE}[- ]years?[- ]old\b"),
)


def _compiled(
    patterns: tuple[tuple[str, str], ...],
) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in patterns)


_CARD_PATTERNS = _compiled((*_PATTERNS, *_ONLY_IN_CARDS))
_SPEECH_PATTERNS = _compiled((*_PATTERNS, *_ONLY_IN_SPEECH))


@lru_cache(maxsize=4096)
def extract_slots(text: str, card: bool = False) -> Mapping[str, frozenset[str]]:
    """The slots of a text, each with the content words of its value.

    Args:
        card: Whether the text is a card's line rather than speech.
    """
    slots: dict[str, frozenset[str]] = {}
    for name, pattern in _CARD_PATTERNS if card else _SPEECH_PATTERNS:
        plain = text.replace("’", "'")
        for match in pattern.finditer(own_part(plain) if card and name == "age" else plain):
            if name == "age" and _OTHER_NAME.search(plain[: match.start()]):
                continue
            key = f"{name} {match['what'].lower()}" if "what" in pattern.groupindex else name
            value = (
                _age(match["fill"]) if name == "age" else frozenset(content_stems(match["fill"]))
            )
            if value:
                slots.setdefault(key, value)
    return slots


def clashing_slot(sentence: str, line: str, card: bool = True) -> str:
    """The slot that a spoken sentence and a line fill differently, or "".

    Args:
        card: Whether the line is a card's rather than speech.
    """
    known = extract_slots(line, card)
    if not known:
        return ""
    for slot, value in extract_slots(sentence).items():
        if slot in known and not value & known[slot]:
            return slot.split()[0]
    return ""


def _age(text: str) -> frozenset[str]:
    """An age in digits, from digits or words; empty if it is no number."""
    value = number(text)
    return frozenset([str(value)]) if value else frozenset()
