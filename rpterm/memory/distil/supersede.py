"""Decides which older facts a newer one supersedes. Pure: takes statements, returns ids.

An older fact is linked to, never overwritten: on a branch that lacks the newer one it still holds.
Values are compared by the stems of their content words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rpterm.memory.indexing.words import terms

_NEGATION = re.compile(r"\b(?:not|no|never)\b")


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A fact that settles the same slot of the same subject.

    Attributes:
        turn: The turn it rests on; statements of one turn do not contradict each other.
        current: Whether nothing that is shown supersedes it.
        shown: Whether it may be recalled on the current branch.
    """

    id: int
    turn: int
    value: str
    text: str
    single: bool
    retracts: bool
    current: bool
    shown: bool


@dataclass(frozen=True, slots=True)
class Supersession:
    """Whether a statement is new, and what it means for other facts.

    Attributes:
        takes_over: Earlier facts that no longer hold.
        yields_to: Later facts that hold instead, if the statement was read late.
    """

    new: bool
    takes_over: tuple[int, ...] = ()
    yields_to: tuple[int, ...] = ()


def supersession(
    text: str, value: str, known: Sequence[KnownFact], *, turn: int, single: bool, retracts: bool
) -> Supersession:
    """Judge a statement of a turn against what is known of its slot."""
    shown = [fact for fact in known if fact.shown]
    if any(fact.current and _covers(fact, text, value) for fact in shown):
        return Supersession(False)
    conflicting = [fact for fact in shown if _contradicts(fact, text, value, single, retracts)]
    return Supersession(
        True,
        tuple(fact.id for fact in conflicting if fact.turn < turn),
        tuple(fact.id for fact in conflicting if fact.turn > turn),
    )


def _covers(known: KnownFact, text: str, value: str) -> bool:
    """Whether a known fact says the same, perhaps with more words."""
    same = _predicate(known.text, known.value) == _predicate(text, value)
    return same and set(terms(value)) <= set(terms(known.value))


def _contradicts(known: KnownFact, text: str, value: str, single: bool, retracts: bool) -> bool:
    if (retracts and not single) or (known.retracts and not known.single):
        return _same_thing(value, known.value)
    if single or known.retracts:
        return True
    if _predicate(known.text, known.value) == _predicate(text, value):
        return set(terms(known.value)) <= set(terms(value))
    return _same_thing(value, known.value)


def _predicate(text: str, value: str) -> list[str]:
    """What a text says about its value, such as ``likes`` or ``dislikes``."""
    value_terms = set(terms(value))
    predicate = [term for term in terms(text) if term not in value_terms]
    return [*predicate, "not"] if _NEGATION.search(text) else predicate


def _same_thing(a: str, b: str) -> bool:
    """Whether two values mean the same thing: all content words of one are in the other."""
    first, second = set(terms(a)), set(terms(b))
    return bool(first and second) and (first <= second or second <= first)
