"""Questions about what was said at some time, on no topic: "What did I tell you last week?" Pure.

Their words ("tell", "week") are everybody's and their meaning is close to small talk, so a search
by either brings greetings. What is wanted are the telling lines of that time: those with rare
words, and facts. Knows English only, as ``dates`` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from rpterm.memory.indexing.index import SITTING_GAP
from rpterm.memory.indexing.words import terms
from rpterm.memory.search.questions import DISCOUNT, question_share
from rpterm.memory.search.relevance import distinctive
from rpterm.store.memory.records import Memory

Who = Literal["user", "character", "both"]

LAST_TIME = "last time"
"""The words of the time span of the previous sitting."""

_SAYING = (
    r"(?:say|said|tell|told|talk(?:ed|ing)?|mention(?:ed)?|discuss(?:ed)?|promised?|"
    r"sp[eo]ak(?:ing)?|spoke|chat(?:ted)?|write|wrote|conversation|up to|doing|happen(?:ed)?)"
)
_ASKED = r"(?:what|which|anything|everything|remember|remind|recall|recap|summari[sz]e|where)"
_ABOUT_TALK = re.compile(rf"\b{_ASKED}\b.*\b{_SAYING}\b|\b{_SAYING}\b.*\bremember\b", re.IGNORECASE)
_LAST_TIME = re.compile(
    r"\b(?:last|previous) (?:time|chat|talk|conversation|session|meeting)\b|"
    r"\bwhen we last (?:met|spoke|talked|chatted)\b|"
    r"\bwhere (?:did|were) we (?:stop|leave off|left)\b|\bwhere we (?:stopped|left off|were)\b",
    re.IGNORECASE,
)
_VERB = r"(?:\w+ ){0,2}(?:say|said|tell|told|mention|promise|talk|wr[io]te)"
_BY_USER = re.compile(rf"\bI {_VERB}", re.IGNORECASE)
_BY_CHARACTER = re.compile(rf"\byou {_VERB}", re.IGNORECASE)
_FIRST_PERSON = re.compile(r"\b(?:I|my|we|our)\b")
_PERSONAL = 0.3
_TELLING_TERMS = 6


@dataclass(frozen=True, slots=True)
class Said:
    """A question for what was said; ``last_time`` if that of the previous sitting."""

    whose: Who
    last_time: bool


def what_was_said(draft: str, times: Collection[str]) -> Said | None:
    """What a text asks for, or ``None`` if it does not ask what was said at some time.

    Args:
        times: The words of the time spans that it names; they are no topic.
    """
    last_time = not times and _LAST_TIME.search(draft) is not None
    if not (times and _ABOUT_TALK.search(draft)) and not last_time:
        return None
    if distinctive(terms(draft)) - _TALK_TERMS.union(*map(terms, times)):
        return None
    return Said(whose_words(draft), last_time)


def whose_words(draft: str) -> Who:
    """Whose words a text asks for."""
    by_user, by_character = _BY_USER.search(draft), _BY_CHARACTER.search(draft)
    if bool(by_user) == bool(by_character):
        return "both"
    return "user" if by_user else "character"


def sitting_start(moments: Sequence[float], now: float) -> float:
    """When the present sitting began.

    Args:
        moments: When each turn of the chat so far was written, oldest first.
    """
    start = now
    for moment in reversed(moments):
        if start - moment >= SITTING_GAP:
            break
        start = moment
    return start


def most_telling(rows: Sequence[Memory], idf: Callable[[str], float]) -> list[tuple[Memory, float]]:
    """The rows that tell most, with a score of about 0 to 2; those that tell nothing left out.

    Args:
        idf: The inverse document frequency of a term.
    """
    scored = [(row, _telling(row, idf)) for row in rows]
    found = [(row, score) for row, score in scored if score > 0]
    return sorted(found, key=lambda item: (-item[1], item[0].id))


def _telling(row: Memory, idf: Callable[[str], float]) -> float:
    """The rarest terms of a row, its importance, and whether it is about the speaker.

    Only a few terms count, so that a long line is not better for being long.
    """
    rarest = sorted(map(idf, distinctive(terms(row.text))), reverse=True)[:_TELLING_TERMS]
    rarity = sum(rarest) / (_TELLING_TERMS * _IDF_OF_RARE)
    personal = _PERSONAL if _FIRST_PERSON.search(row.text) else 0.0
    return (rarity + row.importance + personal) * (1 - DISCOUNT * question_share(row.text))


_IDF_OF_RARE = 8.0
"""About the inverse document frequency of a term that one of two thousand lines contains."""

_TALK_TERMS = frozenset(
    terms(
        "mention mentioned discuss discussed promise promised spoke chat chatted conversation "
        "previous session meeting met recap summary summarise summarize remind recall write wrote "
        "weekend"
    )
)
"""Terms of the question itself, which are no topic either."""
