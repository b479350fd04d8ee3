"""Checks whether a sentence about somebody is supported by the turn it was derived from.

The sentence must say what one plain clause of the turn says, no less and no more. Its content words
are those of the clause, in the same order and tense, and none is left out except times and reasons
at the end (so "nearly moved" never becomes "moved"). It is negated if the clause is. What the
clause says of "I", it says of the speaker. What cannot be checked this way (pronouns of other
people, "you", wishes) and what will not last (moods, idioms) counts as unsupported. Knows English,
no model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rpterm.memory.distil.clauses import Clause, clauses
from rpterm.memory.distil.grammar import WORD
from rpterm.memory.distil.values import IDIOMS, trim
from rpterm.memory.indexing.words import STOP
from rpterm.text.stem import stem

_NEGATORS = frozenset(
    ("not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "without", "hardly")
)
_PAST = frozenset(("had", "was", "were", "did", "used", "been"))
_MODAL_TEXT = "will can shall should may must want need going gonna hope try"
_MODAL = frozenset(_MODAL_TEXT.split())
_SKIPPABLE = frozenset(
    ("who", "also", "really", "just", "now", "so", "too", "very", "well", "oh", "yes")
)
_FIRST_PERSON = frozenset(("i", "i'm", "i've", "i'll", "my", "mine", "me", "we", "our"))
_OTHER_PERSONS = frozenset(
    ("you", "your", "he", "she", "it", "they", "this", "that", "his", "her", "their")
)
_SECOND_PERSON = frozenset(("you", "your", "yours", "yourself"))
_TRANSIENT_TEXT = (
    "tired ready sorry glad happy sad cold hot hungry thirsty busy late fine sure afraid here "
    "there alone bored angry upset confused lost sick drunk awake asleep curious surprised okay "
    "better today tonight tomorrow yesterday moment right wrong back going coming looking waiting"
)
_TRANSIENT = frozenset(_TRANSIENT_TEXT.split())


@dataclass(frozen=True, slots=True)
class Support:
    """The clause that supports a sentence, or the reason why none does."""

    clause: Clause | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A sentence prepared for comparison: its words and its content words."""

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
    names = {word.lower() for word in WORD.findall(speaker)}
    parsed = _parse(sentence, without=names)
    if not parsed.content:
        return Support(None, "it says nothing")
    about_speaker = bool(names) and _begins_with(sentence, names)
    why = "no plain statement in the turn"
    for clause in clauses(turn):
        problem = _problem(parsed, clause, about_speaker)
        if not problem:
            return Support(clause)
        why = problem
    return Support(None, why)


def _problem(sentence: _Parsed, clause: Clause, about_speaker: bool) -> str:
    """Why the clause does not support the sentence, or ""."""
    own = _parse(clause.text)
    lead = next((word for word in own.words if word not in _SKIPPABLE), "")
    if about_speaker != (lead in _FIRST_PERSON):
        return "it is about somebody else"
    mentions_others = own.has(_OTHER_PERSONS) and not about_speaker
    if lead in _OTHER_PERSONS or own.has(_SECOND_PERSON) or mentions_others:
        return "it talks about somebody who is not named"
    if own.words[-1] in IDIOMS or own.has(_TRANSIENT):
        return "it does not last"
    if sentence.words[-1] in STOP:
        return "it is cut off"
    trimmed = _parse(trim(clause.text))
    places = _match_in_order(sentence.stems, trimmed.stems)
    if places is None:
        return "it uses words that were not said"
    if any(w not in _SKIPPABLE for i, w in enumerate(trimmed.content) if i not in places):
        return "it leaves out words that change the meaning"
    if sentence.negated != own.negated:
        return "one denies what the other says"
    if sentence.has(_MODAL) != trimmed.has(_MODAL) or sentence.has(_PAST) != trimmed.has(_PAST):
        return "the tense or the mood is different"
    pairs = zip(sentence.content, (trimmed.content[place] for place in places), strict=True)
    if any(_is_past(a) != _is_past(b) for a, b in pairs):
        return "the tense is different"
    return ""


def _match_in_order(wanted: tuple[str, ...], stems: tuple[str, ...]) -> list[int] | None:
    """The positions of the wanted stems, in order; ``None`` if one is missing."""
    places: list[int] = []
    place = -1
    for stem_ in wanted:
        try:
            place = stems.index(stem_, place + 1)
        except ValueError:
            return None
        places.append(place)
    return places


def _is_past(word: str) -> bool:
    return word.endswith("ed") and len(word) > 4


def _begins_with(sentence: str, names: set[str]) -> bool:
    first = WORD.search(sentence)
    return (
        first is not None and first.group().lower().removesuffix("'s").removesuffix("’s") in names
    )


def _parse(text: str, without: set[str] | frozenset[str] = frozenset()) -> _Parsed:
    words = tuple(word.lower().replace("’", "'") for word in WORD.findall(text))
    content = tuple(
        word.removesuffix("'s")
        for word in words
        if _without_clitic(word) not in STOP and word.removesuffix("'s") not in without
        and word not in _NEGATORS and word not in _FIRST_PERSON and not word.endswith("n't")
    )  # fmt: skip
    return _Parsed(words, content, tuple(stem(word) for word in content))


def _without_clitic(word: str) -> str:
    return re.sub(r"'(?:m|ve|s|re|ll|d)$", "", word)
