"""Whether a sentence of the reply says the contrary of a line of the card or of the chat.

The fallback where no NLI model is installed: a sentence and a line that share most of their rare
words and differ in a negation, in a number, or in one word of a pair of opposites; or that fill a
slot of a life (birthplace, age, …: ``slots``) differently. What is said in other words is missed;
``bench planted`` tells how much.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rpterm.scoring.records import NOTHING, Cost, Dimension, Evidence, Fact, Reading, Scene
from rpterm.scoring.signals import slots
from rpterm.scoring.texts import content, sentences, words

_NOT = frozenset(["not", "never", "no", "cannot", "without", "neither", "nor", "none", "nobody"])
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_COUNTED = (
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty "
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
_NEAR = 0.6


class Contradiction:
    """Value: 0.8 where one sentence clashes with a line by rule, else 0."""

    name = "contradiction"
    dimension: Dimension = "persona"
    cost: Cost = "words"

    def measure(self, reply: str, scene: Scene) -> Reading:
        own = tuple(
            Fact(f"turn:-{back}", text)
            for back, (mine, text) in enumerate(reversed(scene.history), 1)
            if mine
        )
        lines = [
            (fact, sentence)
            for fact in (*scene.facts, *own)
            for _, sentence in sentences(fact.text)
        ]
        if not lines or not reply.strip():
            return NOTHING
        found = []
        for start, sentence in sentences(reply):
            if sentence.rstrip('"”*').endswith("?"):
                continue
            about_self = _of_oneself(sentence, scene.char)
            for fact, line in lines:
                why = _clash(sentence, line, about_self)
                if why:
                    end = start + len(sentence)
                    found.append(Evidence(start, end, why, fact.source, line))
        return Reading(0.8 if found else 0.0, 0.5, tuple(found))


@dataclass(frozen=True, slots=True)
class _Read:
    """What of a sentence is compared."""

    words: frozenset[str]
    rare: frozenset[str]
    negated: bool
    numbers: frozenset[str]


@lru_cache(maxsize=4096)
def _read(sentence: str) -> _Read:
    """Remembered: each sentence of a reply meets each line of card and chat, again every turn."""
    said = frozenset(words(sentence))
    return _Read(said, _rare(sentence), _negated(said), _numbers(sentence, said))


def _clash(sentence: str, line: str, own: bool) -> str:
    if own and (slot := slots.clash(sentence, line)):
        return f"another {slot}"
    mine, known = _read(sentence), _read(line)
    shared = len(mine.rare & known.rare)
    if shared < 2 or shared < _NEAR * len(known.rare):
        return ""
    if mine.negated != known.negated:
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
