"""``anachronism``: the character knows things, people, events, words or years after its time.

- Measures: words of the dated list (``eras.toml``, see ``scoring.dated_words``) and explicit years
  later than the card's ``knows_until``. A word the user brought up does not count if the same
  sentence shows that the character does not know it ("What is a telephone?").
- Value: 1 if found, else 0. Confidence: 0.9; 0 without ``knows_until``. Cost: words.
- Method: a dated word list and rules, both written for rpterm.
- Blind spots: whatever is not on the list; alternate histories.
"""

from __future__ import annotations

import re

from rpterm.scoring.dated_words import words_dated_after
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading

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
_IGNORANCE = re.compile(
    r"\b(?:what(?:'s| is| are| was)?(?: this| these| a| an)?|never heard|do(?:n't| not) know|"
    r"know (?:nothing|no|not)|no (?:idea|notion)|is (?:it|that|this) a|mean(?:s|ing)? by|unknown|"
    r"strange word|what manner|who is|who(?:'s| are)|word|unfamiliar|you call|so-called|"
    r"means nothing)\b",
    re.IGNORECASE,
)


class Anachronism:
    """See the module."""

    name = "anachronism"
    dimension: Dimension = "boundaries"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        if scene.knows_until is None or not reply.strip():
            return NO_DATA
        evidence = [
            Evidence(start, end, f"new in {year}", "card.knows_until", str(scene.knows_until))
            for start, end, year in (
                *words_dated_after(reply, scene.knows_until),
                *_later_years(reply, scene.knows_until),
            )
            if not _is_unknown_to_character(reply, start, end, scene)
        ]
        evidence.sort(key=lambda each: each.start)
        return Reading(float(bool(evidence)), 0.9, tuple(evidence))


def _later_years(reply: str, until: int) -> list[tuple[int, int, int]]:
    """Years and centuries after ``until``, as (start, end, year)."""
    found = []
    for match in _YEAR.finditer(reply):
        year = int(match[1] or match[2])
        if year > until:
            found.append((match.start(), match.end(), year))
    for match in _CENTURY.finditer(reply):
        first_year = _CENTURIES[match[1].lower()]
        if first_year > until:
            found.append((match.start(), match.end(), first_year))
    return found


def _is_unknown_to_character(reply: str, start: int, end: int, scene: ReplyScene) -> bool:
    """Whether the user mentioned it first and the sentence shows that the character is ignorant."""
    if reply[start:end].lower().rstrip("s") not in scene.asked.lower():
        return False
    begin = max(reply.rfind(mark, 0, start) for mark in '.!?\n"”')
    stops = [at for mark in ".!\n" if (at := reply.find(mark, end)) >= 0]
    sentence = reply[begin + 1 : min(stops, default=len(reply))]
    return bool(_IGNORANCE.search(sentence)) or "?" in sentence
