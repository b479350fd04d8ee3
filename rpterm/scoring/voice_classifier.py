"""Classifies whether a line is in one character's voice or in that of others. Words only.

A naive Bayes classifier against a mixture of contrast characters. For each of four views of a text
(character 4-grams; single characters and pairs; words and punctuation; pairs of function words,
word endings and punctuation) and each item x of the line::

    p(x | voice)  = (count of x in the voice + A * p(x)) / (items of the voice + A)
    value of view = sum over x of [ln p(x | own) - ln mean over others of p(x | other)]
                    / sqrt(items of the line)

p(x) is estimated from all voices together; A is the weight of a Dirichlet prior, because twenty
example lines say little about a rare item. On novels it is the contrast that makes this work.
Dividing by the square root of the length keeps long lines from dominating. A mood or a topic is
indistinguishable from a voice here.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

VIEWS = ("runs", "letters", "words", "turns")
_PRIOR = {"runs": 4000.0, "letters": 2000.0, "words": 400.0, "turns": 2000.0}
_ITEM = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+|[^\w\s]")
_FUNCTION_TEXT = (
    "a an the of to in on at for and or but is are was were be been being am do does did have has "
    "had i you he she it we they me him her us them my your his its our their this that these "
    "those with as by from so if then than there here very too just i'm you're it's i've don't "
    "not no never ever nor yes oh ah well now must shall will would should could can may might "
    "ought what who how when where why which whom whose all any some every such much more most "
    "quite rather only own same one two up down out off over under again about into upon till "
    "until while because though although yet still even indeed perhaps sir madam mr mrs miss dear "
    "pray please sure like really maybe"
)
_FUNCTION_WORDS = frozenset(_FUNCTION_TEXT.split())


def voice_features(text: str) -> list[str]:
    """The lower-case words and the punctuation marks of a text."""
    return _ITEM.findall(text.lower().replace("’", "'"))


def _four_grams(text: str) -> list[str]:
    padded = _padded(text)
    return [padded[at : at + 4] for at in range(len(padded) - 3)]


def _characters(text: str) -> list[str]:
    padded = _padded(text)
    return [padded[at : at + size] for size in (1, 2) for at in range(len(padded) - size + 1)]


def _padded(text: str) -> str:
    return " " + " ".join(text.split()) + " "


def _function_pairs(text: str) -> list[str]:
    plain = [
        item if item in _FUNCTION_WORDS or not item[0].isalnum() else "#" + item[-2:]
        for item in voice_features(text)
    ]
    return [f"{left} {right}" for left, right in pairwise(plain)]


_ITEMS_OF: dict[str, Callable[[str], list[str]]] = {
    "runs": _four_grams, "letters": _characters, "words": voice_features, "turns": _function_pairs
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Counts:
    counts: Counter[str]
    total: int


def _count(lines: Iterable[str], view: str) -> _Counts:
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(_ITEMS_OF[view](line))
    return _Counts(counts, sum(counts.values()))


class VoiceClassifier:
    """The example lines of one character against those of contrast characters.

    Args:
        own: Lines of the character.
        others: Lines of each contrast character; at least one character.
    """

    def __init__(self, own: Sequence[str], others: Sequence[Sequence[str]]) -> None:
        self._own = {view: _count(own, view) for view in VIEWS}
        self._others = {view: [_count(lines, view) for lines in others] for view in VIEWS}
        self._all: dict[str, _Counts] = {}
        for view in VIEWS:
            together: Counter[str] = Counter()
            for voice in (self._own[view], *self._others[view]):
                together.update(voice.counts)
            self._all[view] = _Counts(together, sum(together.values()))

    def measure(self, line: str) -> dict[str, float]:
        """The value of each view; 0 says nothing either way."""
        return {view: self._value(view, _ITEMS_OF[view](line)) for view in VIEWS}

    def _value(self, view: str, found: Sequence[str]) -> float:
        if not found:
            return 0.0
        kinds = len(self._all[view].counts) + 1
        total = sum(
            count * self._log_ratio(view, item, kinds) for item, count in Counter(found).items()
        )
        return total / math.sqrt(len(found))

    def telling(self, line: str, *, own: bool) -> list[str]:
        """Up to three words of the line: the clearest evidence for this voice, or against it."""
        sign = 1 if own else -1
        items = set(voice_features(line)) & self._all["words"].counts.keys()
        weighed = [(sign * self._log_ratio("words", item, 1), item) for item in items]
        return [item for weight, item in sorted(weighed, reverse=True)[:3] if weight > 0]

    def _log_ratio(self, view: str, item: str, kinds: int) -> float:
        """ln p(item | own) - ln mean over others of p(item | other).

        Args:
            kinds: The number of kinds of items that share the smoothing of p(item).
        """
        own, others, everybody = self._own[view], self._others[view], self._all[view]
        prior = _PRIOR[view]
        base = prior * (everybody.counts[item] + 0.5) / (everybody.total + 0.5 * kinds)
        mine = (own.counts[item] + base) / (own.total + prior)
        theirs = sum((v.counts[item] + base) / (v.total + prior) for v in others)
        return math.log(mine * len(others) / theirs)
