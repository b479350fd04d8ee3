"""``parroting``: the reply recites the card or repeats the user's words.

- Value: the share of the reply's characters that lie in word sequences copied from the card (five
  words or more from one line) or from the user's last turn (six or more); 0 to 1.
- Confidence: 1. Cost: words.
- Method: longest common word sequence per line (``texts.shared_run``).
- Blind spots: paraphrase. Being similar to the card in meaning is no fault here.
"""

from __future__ import annotations

from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.texts import shared_run, words

_LEAST_FROM_CARD = 5
_LEAST_FROM_USER = 6


class Parroting:
    """See the module."""

    name = "parroting"
    dimension: Dimension = "conversation"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        if not words(reply):
            return NO_DATA
        lines = [(fact.source, fact.text, _LEAST_FROM_CARD) for fact in scene.facts]
        lines += [(scene.asked_at, scene.asked, _LEAST_FROM_USER)]
        covered: set[int] = set()
        evidence = []
        for source, line, least in lines:
            run = shared_run(reply, line, least)
            if run is not None:
                covered.update(range(*run))
                evidence.append(Evidence(*run, "recited", source, line))
        share = len(covered) / len(reply.strip())
        return Reading(min(1.0, share), 1.0, tuple(evidence))
