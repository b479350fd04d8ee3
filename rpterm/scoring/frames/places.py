"""Places: where somebody comes from, lives, works or studied, against another place. Pure.

Only places with a capital letter are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from rpterm.scoring.frames.known import (
    Claim,
    Clash,
    Known,
    clause_at,
    is_negated,
    own_part,
)
from rpterm.scoring.texts import words
from rpterm.text.accents import unaccented

_PLACE = r"(?P<place>(?-i:[A-ZÀ-Þ][\w’'-]+(?: (?:of |the )?[A-ZÀ-Þ][\w’'-]+)*))"
_AT = r"(?:[a-z' ]{0,24}?\b)?(?:in|at|on|near|to|from|outside) (?:the )?(?:[a-z]+ (?:in|of|near) )?"
_AM = r"(?:I'm|I am|he is|she is|you are|is|are)"
_PERSON = r"(?:woman|man|girl|boy|[a-z]+(?:er|or|ist|smith|man))"
_OWN = r"I(?:'ve got| have| own) an?"
_HOME = r"(?:house|flat|cottage|rooms?|place|apartment|cabin|farm)"
_WORKPLACE = r"(?:shop|station|office|bar|hospital|school|company)"
_DWELL = r"(?:live|lives|dwell|dwells|reside|resides)"
_SLOTS = (
    ("origin", rf"\b(?:born|grew up|raised|bred|native of) {_AT}{_PLACE}"),
    ("origin", rf"\b(?:hails?|comes?|came) (?:originally )?from (?:the )?{_PLACE}"),
    ("origin", rf"\b{_AM} (?:\w+ )?from (?:a [a-z ]+ in )?{_PLACE}"),
    ("origin", rf"\b(?:home ?town|birthplace|place of birth|born in|from)\W*[:(=]\W*{_PLACE}"),
    ("origin", rf"^[^.]{{0,60}}\b{_PERSON} from {_PLACE}"),
    ("home", rf"\b(?:I|he|she|they|you|who|and|now) (?:\w+ )?{_DWELL} {_AT}{_PLACE}"),
    ("home", rf"\b{_OWN} [a-z ]{{0,20}}{_HOME}\b[a-z ,]{{0,20}} in {_PLACE}"),
    ("home", rf"\b(?:lives|living|alone|based|settled) (?:alone )?{_AT}{_PLACE}"),
    (
        "home",
        r"\b(?:home|residence|lives in|city|location)\W*[:(=]\W*(?:an? [a-z- ]+ (?:in|on) )?"
        rf"(?:the )?{_PLACE}",
    ),
    ("school", rf"\b(?:studied|degree|graduated|university|college) {_AT}{_PLACE}"),
    ("workplace", rf"\b{_WORKPLACE}(?: is|'s)? (?:[a-z ]{{0,30}})?in {_PLACE}"),
)  # fmt: skip
_PATTERNS = tuple((slot, re.compile(pattern, re.IGNORECASE)) for slot, pattern in _SLOTS)
_NO_PLACE_TEXT = (
    "I I'm I've My The A An God Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
)
_NO_PLACE = frozenset(_NO_PLACE_TEXT.split())


def clashes(said: Claim, known: Known) -> Iterator[Clash]:
    """Another place than the known one."""
    if not re.search(rf"\b{known.who}\b", said.real, re.IGNORECASE):
        return
    for slot, place in _places(said.real, written=False):
        yield from _elsewhere(slot, place, known)


def _elsewhere(slot: str, place: str, known: Known) -> Iterator[Clash]:
    """The lines that name another place in this slot, if none names this one."""
    named = [
        (line, other)
        for line in known.lines
        for kind, other in _places(line.text, written=line.written)
        if kind == slot
    ]
    if any(_overlap(place, other) for _, other in named):
        return
    is_new = unaccented(place.lower()) not in unaccented(known.text)
    for line, _ in named:
        if slot == "origin" or (is_new and (line.written or known.who == "you")):
            yield f"{'the card says' if line.written else 'earlier it was'} another place", line


def _overlap(place: str, other: str) -> bool:
    return bool({*words(place)} & {*words(other)} - {"the", "of"})


@lru_cache(maxsize=4096)
def _places(text: str, *, written: bool) -> tuple[tuple[str, str], ...]:
    """The slots of a text, each with the name of a place."""
    plain = text.replace("’", "'")
    if written:
        plain = own_part(plain)
    return tuple(
        (slot, match["place"].removesuffix("'s"))
        for slot, pattern in _PATTERNS
        for match in pattern.finditer(plain)
        if not is_negated(clause_at(plain, *match.span()))
        if match["place"].split()[0] not in _NO_PLACE
    )
