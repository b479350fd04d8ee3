"""``engagement``: the reply brings something new that the conversation can build on.

- Measures: content words that are new in the conversation and specific.
- Value: 1 - exp(-n / 6), with n the number of different content words of the reply that occur
  neither in the last four turns, nor in the names, nor in a list of words that fit anywhere. Short
  replies score low, long ones soon reach the top: this measures a minimum of engagement.
- Confidence: 0.5. Cost: words.
- Method: written for rpterm; not calibrated against human judgements, hence no part of the
  probability of being in character.
- Blind spots: whether what is new is true, fits the character or pleases anybody.
"""

from __future__ import annotations

import math
import re

from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.texts import content_stems, everyday_lines

_TURNS = 4
_SCALE = 6.0
_MOST_SHOWN = 3
_GENERIC_TEXT = (
    "actually agree anything bad big certainly come course deal different do everything feel find "
    "fine get give go good great happen hard hear help hope idea important indeed interesting just "
    "kind know lot maybe make matter mean much need nice nothing ok okay perhaps people place "
    "please point possible problem question quite really right say see seem side simple something "
    "sometimes sort sound sure talk tell thank thing think time truly try understand want way well "
    "wonder word work world wrong yes yeah look looks nods smile smiles sigh sighs pause pauses"
)
_GENERIC = frozenset(content_stems(_GENERIC_TEXT))
_WORD = re.compile(r"[^\W\d_][\w'’-]+")


class Engagement:
    """See the module."""

    name = "engagement"
    dimension: Dimension = "attractiveness"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        if not reply.strip():
            return NO_DATA
        old = _old_words(scene)
        new: dict[str, Evidence] = {}
        for match in _WORD.finditer(reply):
            for word in content_stems(match.group()):
                if word not in old and word not in new:
                    new[word] = Evidence(match.start(), match.end(), "new in the conversation")
        # The longest words are usually the most specific.
        longest = sorted(new.values(), key=lambda each: each.start - each.end)[:_MOST_SHOWN]
        value = 1 - math.exp(-len(new) / _SCALE)
        return Reading(value, 0.5, tuple(sorted(longest, key=lambda each: each.start)))


def _old_words(scene: ReplyScene) -> set[str]:
    """Words that add nothing: said lately, generic, or a name of the two speakers."""
    said = " ".join(text for _, text in scene.history[-_TURNS:])
    anybody = " ".join(everyday_lines()[1])
    return {*content_stems(f"{said} {scene.char} {scene.user} {anybody}"), *_GENERIC}
