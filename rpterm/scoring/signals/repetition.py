"""``repetition``: the reply repeats itself or what the character said before.

- Value: the largest of four, 0 to 1: the share of the reply's word 4-grams that occur more than
  once in it; the share of its words in a sequence of six or more copied from one of the character's
  last six turns; 4 (s - 0.15), with s the share of its content words, from eight on and without
  the speakers' names, that stood in it before ("The pump has a pump, and a pump is a pump"); and
  (k - 0.85) / 0.15, with k the share of its different content words, again from eight on, that card
  or chat have said: who answers adds something, and a small model strings known words together. Of
  the 1,040 replies of ``bench rated`` the last is above 0 for 22, 19 of which have a grade up to 2.
- Confidence: 1. Cost: words.
- Method: counts, and the longest common word sequence per turn (``texts.shared_run``).
- Blind spots: repetition by paraphrase.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rpterm.humanize import counted
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import NO_DATA, Cost, Dimension, Evidence, Reading
from rpterm.scoring.texts import content_stems, ngrams, shared_run, stems_of_line, words

_NGRAM = 4
_LEAST_COPIED = 6
_TURNS = 6
_LEAST_CONTENT = 8
_USUAL_SHARE = 0.15
_STEEPNESS = 4.0
_MOST_KNOWN = 0.85


class Repetition:
    """See the module."""

    name = "repetition"
    dimension: Dimension = "conversation"
    cost: Cost = "words"

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        reply_words = words(reply)
        if not reply_words:
            return NO_DATA
        twice, content = _repeated_share(reply_words), _content(reply, scene)
        faults = (
            (twice, f"{twice:.0%} said twice in one reply"),
            (_circling(content), "goes round in the same few words"),
            (_echo(content, scene), "says nothing but what was said before"),
        )
        value = max(share for share, _ in faults)
        evidence = [Evidence(0, len(reply), note) for share, note in faults if share > 0]
        own_turns = [turn for own, turn in scene.turns if own][-_TURNS:]
        for back, turn in enumerate(reversed(own_turns), 1):
            run = shared_run(reply, turn.text, _LEAST_COPIED)
            if run is not None:
                value = max(value, len(words(reply[run[0] : run[1]])) / len(reply_words))
                note = f"said {counted(back, 'reply', 'replies')} ago"
                evidence.append(Evidence(*run, note, turn.source, turn.text))
        return Reading(value, 1.0, tuple(evidence))


def _circling(content: Sequence[str]) -> float:
    """How far the share of repeated content words is above the usual one, scaled to 0-1."""
    if len(content) < _LEAST_CONTENT:
        return 0.0
    share = 1 - len(set(content)) / len(content)
    return min(1.0, max(0.0, _STEEPNESS * (share - _USUAL_SHARE)))


def _echo(content: Sequence[str], scene: ReplyScene) -> float:
    """How near the known words among the content words are to being all of them, 0 to 1."""
    different = set(content)
    if len(different) < _LEAST_CONTENT:
        return 0.0
    lines = [*(fact.text for fact in scene.facts), *(text for _, text in scene.history)]
    known = different.intersection(stem for line in lines for stem in stems_of_line(line))
    return max(0.0, len(known) / len(different) - _MOST_KNOWN) / (1 - _MOST_KNOWN)


def _content(reply: str, scene: ReplyScene) -> list[str]:
    """The reply's content words without the names of the two speakers."""
    names = set(content_stems(f"{scene.char} {scene.user}"))
    return [stem for stem in content_stems(reply) if stem not in names]


def _repeated_share(reply_words: list[str]) -> float:
    """The share of 4-grams that occur more than once."""
    counts = Counter(ngrams(reply_words, _NGRAM))
    repeated = sum(count for count in counts.values() if count > 1)
    return repeated / max(1, sum(counts.values()))
