"""How a line sounds: like this character's example lines, or like other characters'. Words alone.

For each of four views of a text (runs of four characters; single characters and pairs; words and
marks; pairs of function words, word endings and marks) and an item x of the line::

    p(x | voice)  = (count of x in the voice + A * p(x)) / (items of the voice + A)
    value of view = sum over x of ln p(x | own) - ln mean over others of p(x | other), / sqrt(items)

p(x) is taken from all voices together, and A is a Dirichlet prior's weight: twenty lines say
little about a rare item. This is a naive Bayes classifier against a mixture of contrasts; on novels
the contrast is what makes it work. Dividing by the root of the length keeps long lines from
shouting. Whose voice a mood or a topic is, it cannot tell.
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
_FUNCTION = frozenset(_FUNCTION_TEXT.split())


def items(text: str) -> list[str]:
    """Words in lower case and single marks."""
    return _ITEM.findall(text.lower().replace("’", "'"))


def _runs(text: str) -> list[str]:
    padded = " " + " ".join(text.split()) + " "
    return [padded[at : at + 4] for at in range(len(padded) - 3)]


def _letters(text: str) -> list[str]:
    padded = " " + " ".join(text.split()) + " "
    return [padded[at : at + size] for size in (1, 2) for at in range(len(padded) - size + 1)]


def _turns(text: str) -> list[str]:
    plain = [
        item if item in _FUNCTION or not item[0].isalnum() else "#" + item[-2:]
        for item in items(text)
    ]
    return [f"{left} {right}" for left, right in pairwise(plain)]


_READ: dict[str, Callable[[str], list[str]]] = {
    "runs": _runs, "letters": _letters, "words": items, "turns": _turns
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Counts:
    counts: Counter[str]
    total: int


def _count(lines: Iterable[str], view: str) -> _Counts:
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(_READ[view](line))
    return _Counts(counts, sum(counts.values()))


class Voices:
    """One character's example lines against those of others.

    Args:
        own: Lines of the character.
        others: Lines of each other character; at least one.
    """

    def __init__(self, own: Sequence[str], others: Sequence[Sequence[str]]) -> None:
        self._own = {view: _count(own, view) for view in VIEWS}
        self._others = {view: [_count(lines, view) for lines in others] for view in VIEWS}
        self._all = {}
        for view in VIEWS:
            together: Counter[str] = Counter()
            for voice in (self._own[view], *self._others[view]):
                together.update(voice.counts)
            self._all[view] = _Counts(together, sum(together.values()))

    def measure(self, line: str) -> dict[str, float]:
        """The value of each view; 0 says nothing either way."""
        return {view: self._view(view, _READ[view](line)) for view in VIEWS}

    def _view(self, view: str, found: Sequence[str]) -> float:
        if not found:
            return 0.0
        own, others, everybody = self._own[view], self._others[view], self._all[view]
        prior = _PRIOR[view]
        kinds = len(everybody.counts) + 1
        total = 0.0
        for item, times in Counter(found).items():
            base = prior * (everybody.counts[item] + 0.5) / (everybody.total + 0.5 * kinds)
            mine = (own.counts[item] + base) / (own.total + prior)
            theirs = sum((v.counts[item] + base) / (v.total + prior) for v in others)
            total += times * math.log(mine * len(others) / theirs)
        return total / math.sqrt(len(found))

    def telling(self, line: str) -> list[str]:
        """Up to three words of the line, those that speak most for or against the character."""
        own, others, everybody = self._own["words"], self._others["words"], self._all["words"]
        prior = _PRIOR["words"]
        weighed = []
        for item in set(items(line)):
            base = prior * (everybody.counts[item] + 0.5) / (everybody.total + 0.5)
            mine = (own.counts[item] + base) / (own.total + prior)
            theirs = sum((v.counts[item] + base) / (v.total + prior) for v in others)
            weighed.append((abs(math.log(mine * len(others) / theirs)), item))
        return [item for _, item in sorted(weighed, reverse=True)[:3]]
