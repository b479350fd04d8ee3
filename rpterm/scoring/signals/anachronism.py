"""Whether a reply knows what its character cannot know: things, people, events, words, years.

Only what the package's dated list (``eras.toml``) or a plain year names is found. A word the user
brought up is no break when the reply turns it away in the same sentence ("What is a telephone?").
Without ``knows_until`` there is nothing to go by. Alternate histories are not known.
"""

from __future__ import annotations

import re

from rpterm.scoring.eras import later_words
from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Reading, Scene

_YEAR = re.compile(
    r"\b(?:in|since|by|until|of|year|around|before|after|from|circa) (?:the (?:year )?)?"
    r"(1\d{3}|20\d{2})(?:s|['’]s)?\b(?! (?:men|horses|miles|years|pounds|people|ships|soldiers))|"
    r"\b(1[89]\d0|20\d0)['’]?s\b",
    re.IGNORECASE,
)
_CENTURY = re.compile(r"\b(?:the )?(eighteen|nineteen|twenti|twenty-first|2[01]st|20th|19th)"
                      r"(?:th|eth)?[ -]century\b", re.IGNORECASE)  # fmt: skip
_CENTURIES = {
    "eighteen": 1700, "nineteen": 1800, "19th": 1800, "twenti": 1900, "20th": 1900,
    "twenty-first": 2000, "21st": 2000, "20st": 1900,
}  # fmt: skip
_UNKNOWING = re.compile(
    r"\b(?:what(?:'s| is| are| was)?(?: this| these| a| an)?|never heard|do(?:n't| not) know|"
    r"know (?:nothing|no|not)|no (?:idea|notion)|is (?:it|that|this) a|mean(?:s|ing)? by|unknown|"
    r"strange word|what manner|who is|who(?:'s| are)|word|unfamiliar|you call|so-called|"
    r"means nothing)\b",
    re.IGNORECASE,
)


class Anachronism:
    """Value: 1 where something later than ``knows_until`` is named knowingly, else 0."""

    name = "anachronism"
    dimension: Dimension = "boundaries"
    cost: Cost = "words"

    def measure(self, reply: str, scene: Scene) -> Reading:
        if scene.knows_until is None or not reply.strip():
            return NOTHING
        found = [
            Evidence(start, end, f"not before {year}", "card.knows_until", str(scene.knows_until))
            for start, end, year in (
                *later_words(reply, scene.knows_until),
                *_years(reply, scene.knows_until),
            )
            if not _turned_away(reply, start, end, scene)
        ]
        found.sort(key=lambda each: each.start)
        return Reading(float(bool(found)), 0.9, tuple(found))


def _years(reply: str, until: int) -> list[tuple[int, int, int]]:
    found = []
    for match in _YEAR.finditer(reply):
        year = int(match[1] or match[2])
        if year > until:
            found.append((match.start(), match.end(), year))
    for match in _CENTURY.finditer(reply):
        begins = _CENTURIES[match[1].lower()]
        if begins > until:
            found.append((match.start(), match.end(), begins))
    return found


def _turned_away(reply: str, start: int, end: int, scene: Scene) -> bool:
    """Whether the user named it and the character shows not to know it."""
    if reply[start:end].lower().rstrip("s") not in scene.asked.lower():
        return False
    begin = max(reply.rfind(mark, 0, start) for mark in '.!?\n"”')
    stops = [at for mark in ".!\n" if (at := reply.find(mark, end)) >= 0]
    sentence = reply[begin + 1 : min(stops, default=len(reply))]
    return bool(_UNKNOWING.search(sentence)) or "?" in sentence
