"""Decides which older facts a newer one supersedes. Pure: takes statements, returns ids.

An older fact is linked to, never overwritten: on a branch that lacks the newer one it still holds.
Values are compared by the stems of their content words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rpterm.memory.distil.statements import Statement
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
    stated: Statement
    current: bool = True
    shown: bool = True


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


def supersession(new: Statement, known: Sequence[KnownFact], turn: int) -> Supersession:
    """Judge a statement of a turn against what is known of its slot."""
    shown = [fact for fact in known if fact.shown]
    if any(fact.current and _covers(fact.stated, new) for fact in shown):
        return Supersession(False)
    conflicting = [fact for fact in shown if _contradicts(fact.stated, new)]
    return Supersession(
        True,
        tuple(fact.id for fact in conflicting if fact.turn < turn),
        tuple(fact.id for fact in conflicting if fact.turn > turn),
    )


def _covers(known: Statement, new: Statement) -> bool:
    """Whether a known fact says the same, perhaps with more words."""
    return _predicate(known) == _predicate(new) and set(terms(new.value)) <= set(terms(known.value))


def _contradicts(known: Statement, new: Statement) -> bool:
    if any(each.retracts and not each.single for each in (known, new)):
        return _same_thing(new.value, known.value)
    if new.single or known.retracts:
        return True
    if _predicate(known) == _predicate(new):
        return set(terms(known.value)) <= set(terms(new.value))
    return _same_thing(new.value, known.value)


def _predicate(statement: Statement) -> list[str]:
    """What a statement says about its value, such as ``likes`` or ``dislikes``."""
    value_terms = set(terms(statement.value))
    predicate = [term for term in terms(statement.text) if term not in value_terms]
    return [*predicate, "not"] if _NEGATION.search(statement.text) else predicate


def _same_thing(a: str, b: str) -> bool:
    """Whether two values mean the same thing: all content words of one are in the other."""
    first, second = set(terms(a)), set(terms(b))
    return bool(first and second) and (first <= second or second <= first)
