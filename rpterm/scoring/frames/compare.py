"""Compares the claims of a reply with what is known of a person, frame by frame."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rpterm.scoring.frames import abilities, ages, people, places, tastes, trades
from rpterm.scoring.frames.known import LONGEST_CLAIM, Claim, Clash, Clashes, Known
from rpterm.scoring.frames.persons import NAME, ROLES
from rpterm.scoring.texts import content_stems
from rpterm.scoring.word_frequency import rarity
from rpterm.text.sentences import spans

FRAMES: dict[str, Clashes] = {
    "people": people.clashes,
    "tastes": tastes.clashes,
    "abilities": abilities.clashes,
    "trades": trades.clashes,
    "places": places.clashes,
    "ages": ages.clashes,
}
_ACTION = re.compile(r"\*[^*\n]+\*?")
_CONDITION = re.compile(r"(?<=\w),? (?:if|unless)\b", re.IGNORECASE)
_ASKED_NAME = re.compile(
    r"\b(?:what(?:['’]s| is| was) (?:the name of )?|who(?:['’]s| is) )"
    rf"my (?:\w+ )?(?P<role>{ROLES})(?:['’]s name| called| named)?\?",
    re.IGNORECASE,
)
_ONLY_NAME = re.compile(rf"(?:(?:It|That)(?:['’]s| is) )?(?P<name>{NAME})[.!]?")
_ASKED_FROM = re.compile(r"\bwhere (?:are|were|do|did) you .*\b(?:from|born|grow up|raised)", re.I)
_FROM = re.compile(r"(?:From|In|At) (?=[A-ZÀ-Þ])")
_LEAST_RARITY = 4.0
"""Of a name on its own: "Nothing", "Guess" and "Certainly" are commoner."""
_ASK = (
    r"(?:what|who|where|when|why|how|which|would|could|can|may|will|shall|should|do|does|did|is|am|"
    r"are|was|were|has|have|had)(?:n't|'s|'d|'re)?\b"
)
_TAG = re.compile(rf"(?:and |but )?(?:{_ASK}|(?:right|no|eh|remember|huh|hm)\?)", re.IGNORECASE)
_ASKS = re.compile(rf"(?:\W*(?:and|but|so|then|well|oh|tell me),? )*{_ASK}", re.IGNORECASE)
_MARKS = "\"“”«»*' "
_FRAGMENT = 8
"""Words; "it" may refer to a sentence as short as this."""


def clashes(claim: Claim, known: Known) -> Iterator[Clash]:
    """The first clash of each frame."""
    for find in FRAMES.values():
        if (first := next(find(claim, known), None)) is not None:
            yield first


def claims_in(reply: str, asked: str, user: str = "") -> list[tuple[int, int, Claim]]:
    """The sentences of a reply, but for what they ask, with their spans.

    Args:
        asked: The last turn.
        user: The name of who asked: on its own it is an address and answers nothing.
    """
    actions = [match.span() for match in _ACTION.finditer(reply)]
    found: list[tuple[int, int, Claim]] = []
    before = asked
    for start, end in spans(reply):
        text = reply[start:end]
        plain = text.strip(_MARKS)
        if text.rstrip('"”*').endswith("?"):
            plain = _before_question(plain)
        if 0 < len(plain) <= LONGEST_CLAIM:
            acted = any(low <= start < high for low, high in actions)
            stated = plain if found else _answer(plain, asked, user)
            found.append((start, end, Claim(_CONDITION.split(stated)[0], before, acted)))
        if len(text.split()) <= _FRAGMENT:
            before = text.strip(_MARKS)
    return found


def _before_question(plain: str) -> str:
    """What a question claims before its last clause: "I'm a smith, what would I know?"."""
    claim, _, asked = plain.rpartition(", ")
    return claim if _TAG.match(asked) and not _ASKS.match(claim) else ""


def _answer(plain: str, asked: str, user: str) -> str:
    """The first sentence of a reply; an answer without a verb, as a whole sentence."""
    if _ASKED_FROM.search(asked) and (named := _FROM.match(plain)):
        return f"I am from {plain[named.end() :]}"
    role, name = _ASKED_NAME.search(asked), _ONLY_NAME.fullmatch(plain)
    if role is None or name is None or name["name"] in user:
        return plain
    if max(map(rarity, content_stems(name["name"])), default=0.0) < _LEAST_RARITY:
        return plain
    return f"Your {role['role']} is called {name['name']}."
