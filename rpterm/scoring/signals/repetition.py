"""Whether a reply repeats itself or what the character said before.

Value: the larger of two shares: words in 4-word runs that occur twice within the reply, and words
that stand in a run of six or more taken from one of the character's last turns.
"""

from __future__ import annotations

from collections import Counter

from rpterm.plural import counted
from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Reading, Scene
from rpterm.scoring.texts import grams, shared_run, words

_RUN = 4
_COPIED = 6
_TURNS = 6


class Repetition:
    """See the module."""

    name = "repetition"
    dimension: Dimension = "conversation"
    cost: Cost = "words"

    def measure(self, reply: str, scene: Scene) -> Reading:
        spoken = words(reply)
        if not spoken:
            return NOTHING
        counts = Counter(grams(spoken, _RUN))
        twice = sum(count for count in counts.values() if count > 1)
        within = twice / max(1, sum(counts.values()))
        value, found = within, []
        if within > 0:
            found.append(Evidence(0, len(reply), f"{within:.0%} said twice in one reply"))
        own = [turn for mine, turn in scene.turns if mine][-_TURNS:]
        for back, turn in enumerate(reversed(own), 1):
            run = shared_run(reply, turn.text, _COPIED)
            if run is not None:
                share = len(words(reply[run[0] : run[1]])) / len(spoken)
                value = max(value, share)
                note = f"said {counted(back, 'reply', 'replies')} ago"
                found.append(Evidence(*run, note, turn.source, turn.text))
        return Reading(value, 1.0, tuple(found))
