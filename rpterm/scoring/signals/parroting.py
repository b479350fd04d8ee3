"""Whether a reply recites the card or gives the user's own words back.

Value: the share of the reply's characters that stand in runs of five or more words taken from one
line of the card, or of six or more taken from the user's last turn. Being like the card in meaning
is no fault here.
"""

from __future__ import annotations

from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Reading, Scene
from rpterm.scoring.texts import shared_run, words

_CARD = 5
_USER = 6


class Parroting:
    """See the module."""

    name = "parroting"
    dimension: Dimension = "conversation"
    cost: Cost = "words"

    def measure(self, reply: str, scene: Scene) -> Reading:
        spoken = len(words(reply))
        if not spoken:
            return NOTHING
        lines = [(fact.source, fact.text, _CARD) for fact in scene.facts]
        lines += [(scene.asked_at, scene.asked, _USER)]
        covered: set[int] = set()
        found = []
        for source, line, least in lines:
            run = shared_run(reply, line, least)
            if run is not None:
                covered.update(range(*run))
                found.append(Evidence(*run, "recited", source, line))
        share = len(covered) / max(1, len(reply.strip()))
        return Reading(min(1.0, share), 1.0, tuple(found))
