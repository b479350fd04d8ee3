"""Which older facts a newer one takes the place of. Pure: statements in, ids out.

An older fact is linked to, never overwritten: on a branch that does not hold the newer one it is
still true. Values are compared by the stems of their content words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rpterm.memory.words import terms

_DENIES = re.compile(r"\b(?:not|no|never)\b")


@dataclass(frozen=True, slots=True)
class Known:
    """A fact that settles the same slot of the same subject.

    Attributes:
        turn: The turn it rests on; what was said in one breath does not contradict itself.
        current: Whether nothing that is shown takes its place.
        shown: Whether it may be recalled on the branch at hand.
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
class Verdict:
    """Whether a statement says something new, and what it means for other facts.

    Attributes:
        takes_over: Facts said before it that no longer hold.
        yields_to: Facts said after it that hold instead, where it was read late.
    """

    new: bool
    takes_over: tuple[int, ...] = ()
    yields_to: tuple[int, ...] = ()


def verdict(
    text: str, value: str, known: Sequence[Known], *, turn: int, single: bool, retracts: bool
) -> Verdict:
    """Judge a statement of a turn against what is known of its slot."""
    shown = [each for each in known if each.shown]
    if any(each.current and _says_as_much(each, text, value) for each in shown):
        return Verdict(False)
    clashing = [each for each in shown if _clashes(each, text, value, single, retracts)]
    return Verdict(
        True,
        tuple(each.id for each in clashing if each.turn < turn),
        tuple(each.id for each in clashing if each.turn > turn),
    )


def _says_as_much(known: Known, text: str, value: str) -> bool:
    """Whether what is known says the same, perhaps with more words."""
    same = _frame(known.text, known.value) == _frame(text, value)
    return same and set(terms(value)) <= set(terms(known.value))


def _clashes(known: Known, text: str, value: str, single: bool, retracts: bool) -> bool:
    if (retracts and not single) or (known.retracts and not known.single):
        return _alike(value, known.value)
    if single or known.retracts:
        return True
    if _frame(known.text, known.value) == _frame(text, value):
        return set(terms(known.value)) <= set(terms(value))
    return _alike(value, known.value)


def _frame(text: str, value: str) -> list[str]:
    """What a text says of its value: ``likes`` or ``dislikes``."""
    inside = set(terms(value))
    frame = [term for term in terms(text) if term not in inside]
    return [*frame, "not"] if _DENIES.search(text) else frame


def _alike(a: str, b: str) -> bool:
    """Whether the values are about the same thing: one's content words are among the other's."""
    first, second = set(terms(a)), set(terms(b))
    return bool(first and second) and (first <= second or second <= first)
