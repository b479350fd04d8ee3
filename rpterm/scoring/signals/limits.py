"""``limits``: the reply does what a rule of the card forbids.

- Measures: rules of the form "never X", "does not X", "cannot X" whose X the reply affirms.
- Value: the largest share of X's content words found in one affirmative sentence, from 0.5 and
  two words up; else 0. Confidence: 0.4 (a hint, not a verdict); 0 without such a rule. Cost: words.
- Method: rules written for rpterm.
- Blind spots: rules in any other form, and paraphrase. Rules about the user's part belong to
  ``speaking_for_user``.
"""

from __future__ import annotations

import re

from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.texts import content_stems
from rpterm.text.sentences import with_offsets

_RULE = re.compile(r"\b(?:never|does not|doesn't|cannot|can't|must not|will not|won't)\b(.*)", re.I)
_NEGATION = re.compile(r"\b(?:never|not|no|cannot|nor|without|\w+n't|neither|refuse[sd]?)\b", re.I)
_LEAST_WORDS = 2
_LEAST_SHARE = 0.5


class Limits:
    """See the module."""

    name = "limits"
    dimension: Dimension = "boundaries"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        rules = [(rule, set(_forbidden_words(rule.text, scene))) for rule in scene.limits]
        rules = [(rule, forbidden) for rule, forbidden in rules if len(forbidden) >= _LEAST_WORDS]
        if not rules or not reply.strip():
            return NO_DATA
        value, evidence = 0.0, []
        for start, sentence in with_offsets(reply):
            if _NEGATION.search(sentence.replace("’", "'")):
                continue
            said = set(content_stems(sentence))
            for rule, forbidden in rules:
                found = len(said & forbidden)
                share = found / len(forbidden)
                if found >= _LEAST_WORDS and share >= _LEAST_SHARE:
                    value = max(value, share)
                    end = start + len(sentence)
                    evidence.append(Evidence(start, end, "against a rule", rule.source, rule.text))
        return Reading(value, 0.4, tuple(evidence))


def _forbidden_words(rule: str, scene: ReplyScene) -> list[str]:
    """The content words of what a rule forbids; none if the rule is about the user."""
    match = _RULE.search(rule.replace("’", "'"))
    about_user = re.search(rf"(?<!\w){re.escape(scene.user)}(?!\w)", rule, re.I)
    if match is None or about_user:
        return []
    return content_stems(re.split(r"[;,.]", match[1])[0])
