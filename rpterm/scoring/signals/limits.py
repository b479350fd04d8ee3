"""Whether a reply does what a rule of the card forbids.

Only rules of the form "never X", "does not X", "cannot X" are read, and only where the reply tells
X in the affirmative with at least two of its rare words: a hint, not a verdict. Rules about the
user's part belong to ``speaking``.
"""

from __future__ import annotations

import re

from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Reading, Scene
from rpterm.scoring.texts import content
from rpterm.sentences import placed

_RULE = re.compile(r"\b(?:never|does not|doesn't|cannot|can't|must not|will not|won't)\b(.*)", re.I)
_NO = re.compile(r"\b(?:never|not|no|cannot|nor|without|\w+n't|neither|refuse[sd]?)\b", re.I)
_LEAST = 2
_SHARE = 0.5


class Limits:
    """Value: the largest share of a forbidden deed's words found in one affirmative sentence."""

    name = "limits"
    dimension: Dimension = "boundaries"
    cost: Cost = "words"

    def measure(self, reply: str, scene: Scene) -> Reading:
        rules = [(fact, set(_forbidden(fact.text, scene))) for fact in scene.limits]
        rules = [(fact, deed) for fact, deed in rules if len(deed) >= _LEAST]
        if not rules or not reply.strip():
            return NOTHING
        value, found = 0.0, []
        for start, sentence in placed(reply):
            if _NO.search(sentence):
                continue
            said = set(content(sentence))
            for fact, deed in rules:
                share = len(said & deed) / len(deed)
                if len(said & deed) >= _LEAST and share >= _SHARE:
                    value = max(value, share)
                    end = start + len(sentence)
                    found.append(Evidence(start, end, "against a rule", fact.source, fact.text))
        return Reading(value, 0.4, tuple(found))


def _forbidden(rule: str, scene: Scene) -> list[str]:
    match = _RULE.search(rule.replace("’", "'"))
    if match is None or scene.user.lower() in rule.lower():
        return []
    return content(re.split(r"[;,.]", match[1])[0])
