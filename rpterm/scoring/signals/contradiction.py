"""Whether a sentence of the reply says the contrary of a line of the card or of the chat.

By rule: a sentence and a line that share most of their rare words and differ in a negation, in a
number, or in one word of a pair of opposites; or that fill a slot of a life (birthplace, age, …:
``slots``) differently. What the reply says of "you" is held against what the other side said of
itself ("I …") in the same way, but for the slots. What is said in other words is missed: ``bench
planted`` finds 0.93 of the card's own lines turned round, and 0.05 of 100 contradictions in the
character's own words. Without an NLI model nothing that was tried helps there: lines paired by
sentence vectors instead of words (0.25 found, and 0.21 of what is true accused), likelihood under
the line and under its contrary (a contradiction is likelier under the contrary than a true line in
0.60 of pairs), the starter model asked outright (0.44).

Where an NLI cross-encoder is installed, it is asked as well when nothing else goes on: each
sentence against the lines that are nearest in meaning, as they stand, the line first. Its
probabilities are taken as they are, and none comes with rpterm. Of the packages on PyPI one holds
such a model (DeBERTa-v3-xsmall in 8 bits, trained for policies, with two classes): it finds 0.54 of
those 100 and accuses 0.43 of the true lines. A larger one, trained on NLI, was not to be had here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from rpterm.scoring.fit import Encode
from rpterm.scoring.inference import Infer, contradicted, nearest
from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Fact, Reading, Scene
from rpterm.scoring.signals import slots
from rpterm.scoring.texts import content, words
from rpterm.sentences import placed

_NOT = frozenset(["not", "never", "no", "cannot", "without", "neither", "nor", "none", "nobody"])
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_COUNTED = (
    "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty "
    "hundred thousand"
)
_COUNTS = frozenset(_COUNTED.split())
_PAIRS = (
    "always/never like/hate love/hate alive/dead married/single young/old rich/poor big/small "
    "tall/short brother/sister mother/father son/daughter wife/husband friend/enemy "
    "north/south east/west black/white hot/cold first/last before/after can/cannot "
    "open/closed likes/hates loves/hates trusts/distrusts king/queen tells/hides true/false "
    "vegetarian/meat"
)
_OPPOSITES = [frozenset(pair.split("/")) for pair in _PAIRS.split()]
_PRONOUNS = frozenset(["i", "you", "he", "she", "it", "we", "they"])
_NEAR = 0.6
_SHARED = 2
"""Rare words that two sentences must share."""
_MINE = 0.5
"""The share of the reply's own rare words in that: a "not" somewhere in a long sentence denies
something else."""


class Contradiction:
    """Value: 0.8 where one sentence clashes with a line by rule, else 0; or the largest
    probability of a contradiction from a half up, where that is more.

    Args:
        infer: Tells contradictions; ``None`` goes by rule alone. See ``inference``.
        encode: Finds the lines that are near in meaning, for ``infer``.
    """

    name = "contradiction"
    dimension: Dimension = "persona"
    cost: Cost = "words"

    def __init__(self, infer: Infer | None = None, encode: Encode | None = None) -> None:
        self._infer, self._encode = infer, encode

    def measure(self, reply: str, scene: Scene) -> Reading:
        lines, theirs = _lines(scene), _of_you(scene)
        if not (lines or theirs) or not reply.strip():
            return NOTHING
        claims = _claims(reply)
        found = [
            Evidence(start, start + len(sentence), why, fact.source, line)
            for start, sentence in claims
            for fact, line in lines
            if (why := _clash(sentence, line, fact, _of_oneself(sentence, scene.char)))
        ]
        found += [
            Evidence(start, start + len(sentence), why, fact.source, line)
            for start, sentence in claims
            for fact, line in theirs
            if _read(sentence).about == "you" and (why := _differ(_read(sentence), _read(line)))
        ]
        return Reading(0.8 if found else 0.0, 0.5, tuple(found))

    def measure_until(self, reply: str, scene: Scene, stopped: Callable[[], bool]) -> Reading:
        """As ``measure``, and the NLI model's word where there is one."""
        ruled = self.measure(reply, scene)
        if self._infer is None or self._encode is None or ruled.confidence <= 0:
            return ruled
        pairs = nearest(_claims(reply), _lines(scene), self._encode)
        judged = contradicted(pairs, self._infer, stopped)
        if judged is None:
            return ruled
        value = max(ruled.value, judged.value)
        return Reading(value, judged.confidence, (*ruled.evidence, *judged.evidence))


def _lines(scene: Scene) -> list[tuple[Fact, str]]:
    """Claims of the card and of what the character said, with where they stand."""
    own = (turn for mine, turn in reversed(scene.turns) if mine)
    facts = (*scene.facts, *own)
    return [(fact, sentence) for fact in facts for _, sentence in _claims(fact.text)]


def _of_you(scene: Scene) -> list[tuple[Fact, str]]:
    """What the other side said of itself, with where it stands, the latest first."""
    heard = (turn for mine, turn in reversed(scene.turns) if not mine)
    said = [(fact, sentence) for fact in heard for _, sentence in _claims(fact.text)]
    return [each for each in said if _read(each[1]).about == "i"]


def _claims(reply: str) -> list[tuple[int, str]]:
    """Sentences that say something, and where each begins: a question contradicts nothing."""
    return [each for each in placed(reply) if not each[1].rstrip('"”*').endswith("?")]


@dataclass(frozen=True, slots=True)
class _Read:
    """What of a sentence is compared."""

    words: frozenset[str]
    rare: frozenset[str]
    negated: bool
    numbers: frozenset[str]
    about: str


@lru_cache(maxsize=4096)
def _read(sentence: str) -> _Read:
    """Remembered: each sentence of a reply meets each line of card and chat, again every turn."""
    said = frozenset(words(sentence))
    return _Read(said, _rare(sentence), _negated(said), _numbers(sentence, said), _about(sentence))


def _about(sentence: str) -> str:
    """The pronoun a sentence begins with, or "": two that differ are about two people."""
    first = next(iter(words(sentence)), "").split("'")[0]
    return first if first in _PRONOUNS else ""


def _clash(sentence: str, line: str, fact: Fact, own: bool) -> str:
    if own and (slot := slots.clash(sentence, line, fact.source.startswith("card."))):
        return f"another {slot}"
    mine, known = _read(sentence), _read(line)
    if mine.about and known.about and mine.about != known.about:
        return ""
    return _differ(mine, known)


def _differ(mine: _Read, known: _Read) -> str:
    """How a sentence says the contrary of a line about the same, or ""."""
    shared = len(mine.rare & known.rare)
    if shared < _SHARED or shared < _NEAR * len(known.rare):
        return ""
    if mine.negated != known.negated and shared >= _MINE * len(mine.rare):
        return "says the contrary"
    if mine.numbers and known.numbers and mine.numbers.isdisjoint(known.numbers):
        return "another number"
    for pair in _OPPOSITES:
        said, told = pair & mine.words, pair & known.words
        if len(said) == 1 and len(told) == 1 and said != told:
            return "the opposite word"
    return ""


def _of_oneself(sentence: str, char: str) -> bool:
    """Whether the sentence is about the character: only then do slots of a life clash."""
    first = char.split()[0] if char.split() else char
    return bool(re.search(rf"\b(?:I|I['’]m|[Mm]y|{re.escape(first)})\b", sentence))


def _negated(said: frozenset[str]) -> bool:
    return bool(said & _NOT) or any(word.endswith("n't") for word in said)


def _numbers(text: str, said: frozenset[str]) -> frozenset[str]:
    return frozenset(_NUMBER.findall(text)) | (said & _COUNTS)


def _rare(text: str) -> frozenset[str]:
    """What two sentences must share; what they may differ in is left out."""
    return frozenset(word for word in content(text) if not word.isdigit()) - _NOT - _COUNTS
