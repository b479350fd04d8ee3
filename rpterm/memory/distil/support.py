"""Whether a sentence about somebody is supported by the turn it is said to come from.

The sentence must say what one plain clause of the turn says, no less and no more: its content words
are those of the clause, in the same order and the same tense, none left out but times and reasons
at its end (so "nearly moved" never becomes "moved"); it denies what the clause denies; and what the
clause says of "I" it says of the speaker. What cannot be checked in this way (pronouns of other
people, "you", wishes) and what will not last (moods, idioms) is not supported. Knows English, no
model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rpterm.memory.distil.clauses import Clause, clauses
from rpterm.memory.distil.values import IDIOMS, trim
from rpterm.memory.words import STOP, stem

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_NEGATORS = frozenset(
    ("not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "without", "hardly")
)
_PAST = frozenset(("had", "was", "were", "did", "used", "been"))
_MODAL = frozenset(
    (
        "will",
        "can",
        "shall",
        "should",
        "may",
        "must",
        "want",
        "need",
        "going",
        "gonna",
        "hope",
        "try",
    )
)
_FREE = frozenset(
    ("who", "also", "really", "just", "now", "so", "too", "very", "well", "oh", "yes")
)
_FIRST = frozenset(("i", "i'm", "i've", "i'll", "my", "mine", "me", "we", "our"))
_OTHERS = frozenset(
    ("you", "your", "he", "she", "it", "they", "this", "that", "his", "her", "their")
)
_YOU = frozenset(("you", "your", "yours", "yourself"))
_PASSING_WORDS = (
    "tired ready sorry glad happy sad cold hot hungry thirsty busy late fine sure afraid here "
    "there alone bored angry upset confused lost sick drunk awake asleep curious surprised okay "
    "better today tonight tomorrow yesterday moment right wrong back going coming looking waiting"
)
_PASSING = frozenset(_PASSING_WORDS.split())


@dataclass(frozen=True, slots=True)
class Support:
    """The answer: the clause that says it, or why there is none."""

    clause: Clause | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Read:
    """A sentence as it is compared: words, and the content words among them."""

    words: tuple[str, ...]
    content: tuple[str, ...]
    stems: tuple[str, ...]

    @property
    def negated(self) -> bool:
        count = sum(word in _NEGATORS or word.endswith("n't") for word in self.words)
        return count % 2 == 1

    def has(self, words: frozenset[str]) -> bool:
        return any(word in words for word in self.words)


def support(sentence: str, speaker: str, turn: str) -> Support:
    """Whether a clause of the turn says what the sentence says of the speaker or of others."""
    names = {word.lower() for word in _WORD.findall(speaker)}
    said = _read(sentence, without=names)
    if not said.content:
        return Support(None, "it says nothing")
    about_speaker = bool(names) and _begins_with(sentence, names)
    why = "no plain statement in the turn"
    for clause in clauses(turn):
        problem = _problem(said, clause, about_speaker)
        if not problem:
            return Support(clause)
        why = problem
    return Support(None, why)


def _problem(said: _Read, clause: Clause, about_speaker: bool) -> str:
    own = _read(clause.text)
    lead = next((word for word in own.words if word not in _FREE), "")
    if about_speaker != (lead in _FIRST):
        return "it is about somebody else"
    if lead in _OTHERS or own.has(_YOU) or (own.has(_OTHERS) and not about_speaker):
        return "it speaks of somebody who is not named"
    if own.words[-1] in IDIOMS or own.has(_PASSING):
        return "it does not last"
    if said.words[-1] in STOP:
        return "it breaks off"
    trimmed = _read(trim(clause.text))
    places = _matched(said.stems, trimmed.stems)
    if places is None:
        return "words that were not said"
    if any(w not in _FREE for i, w in enumerate(trimmed.content) if i not in places):
        return "it leaves out what changes the sense"
    if said.negated != own.negated:
        return "one denies what the other says"
    if said.has(_MODAL) != trimmed.has(_MODAL) or said.has(_PAST) != trimmed.has(_PAST):
        return "another time or another mood"
    pairs = zip(said.content, (trimmed.content[place] for place in places), strict=True)
    if any(_tense(a) != _tense(b) for a, b in pairs):
        return "another time"
    return ""


def _matched(wanted: tuple[str, ...], own: tuple[str, ...]) -> list[int] | None:
    """Where the wanted stems are, in order; ``None`` where one is not."""
    places: list[int] = []
    place = -1
    for each in wanted:
        try:
            place = own.index(each, place + 1)
        except ValueError:
            return None
        places.append(place)
    return places


def _tense(word: str) -> bool:
    return word.endswith("ed") and len(word) > 4


def _begins_with(sentence: str, names: set[str]) -> bool:
    first = _WORD.search(sentence)
    return (
        first is not None and first.group().lower().removesuffix("'s").removesuffix("’s") in names
    )


def _read(text: str, without: set[str] | frozenset[str] = frozenset()) -> _Read:
    words = tuple(word.lower().replace("’", "'") for word in _WORD.findall(text))
    content = tuple(
        word.removesuffix("'s")
        for word in words
        if _bare(word) not in STOP and word.removesuffix("'s") not in without
        and word not in _NEGATORS and word not in _FIRST and not word.endswith("n't")
    )  # fmt: skip
    return _Read(words, content, tuple(stem(word) for word in content))


def _bare(word: str) -> str:
    return re.sub(r"'(?:m|ve|s|re|ll|d)$", "", word)
