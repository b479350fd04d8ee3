"""Whether a reply gives something to go on with: words that are new in the talk and say something.

Value: 1 - exp(-n / 6), n the different content words of the reply that neither the last turns nor
the stock of words that fit everywhere hold. Short answers score low, long ones soon reach the top:
this is the floor of engagement, not its height. It does not know whether what is new is true, fits
the character or pleases anybody, and is not calibrated against people's judgements: it has a bar of
its own and no part in the probability of being in character.
"""

from __future__ import annotations

import math
import re

from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Reading, Scene
from rpterm.scoring.texts import content, everyday

_TURNS = 4
_ENOUGH = 6.0
_SHOWN = 3
_STOCK_TEXT = (
    "actually agree anything bad big certainly come course deal different do everything feel find "
    "fine get give go good great happen hard hear help hope idea important indeed interesting just "
    "kind know lot maybe make matter mean much need nice nothing ok okay perhaps people place "
    "please point possible problem question quite really right say see seem side simple something "
    "sometimes sort sound sure talk tell thank thing think time truly try understand want way well "
    "wonder word work world wrong yes yeah look looks nods smile smiles sigh sighs pause pauses"
)
_STOCK = frozenset(content(_STOCK_TEXT))
_WORD = re.compile(r"[^\W\d_][\w'’-]+")


class Engagement:
    """See the module."""

    name = "engagement"
    dimension: Dimension = "attractiveness"
    cost: Cost = "words"

    def measure(self, reply: str, scene: Scene) -> Reading:
        if not reply.strip():
            return NOTHING
        told = _told(scene)
        fresh: dict[str, Evidence] = {}
        for match in _WORD.finditer(reply):
            for word in content(match.group()):
                if word not in told and word not in fresh:
                    fresh[word] = Evidence(match.start(), match.end(), "new in the talk")
        # The longest words say most, as a rule.
        telling = sorted(fresh.values(), key=lambda each: each.start - each.end)[:_SHOWN]
        value = 1 - math.exp(-len(fresh) / _ENOUGH)
        return Reading(value, 0.5, tuple(sorted(telling, key=lambda each: each.start)))


def _told(scene: Scene) -> set[str]:
    """Words that add nothing here: said lately, said everywhere, or a name of those who talk."""
    said = " ".join(text for _, text in scene.history[-_TURNS:])
    anybody = " ".join(everyday()[1])
    return {*content(f"{said} {scene.char} {scene.user} {anybody}"), *_STOCK}
