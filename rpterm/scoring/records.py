"""What signals are asked and what they answer. Does no work and knows no model.

A signal reads one reply in its scene and gives a value, how far to trust it, and the places that
made it so. Values of different signals are not comparable; ``scorer`` makes one scale of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from rpterm.cards.card import CharacterCard
from rpterm.cards.macros import expand
from rpterm.sentences import sentences
from rpterm.types import History

Dimension = Literal["persona", "behaviour", "conversation", "boundaries", "attractiveness"]
"""Persona: attributes and relations. Behaviour: style. Boundaries: what no reply may do.
Attractiveness says nothing about being in character and has no part in the probability."""
_LONG = 25
"""Words of a line of the persona; a longer one is more than a claim."""
Cost = Literal["words", "embedding", "likelihood"]
"""``words`` takes about a millisecond; ``embedding`` tens, ``likelihood`` hundreds or more."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a card, or a turn, that a reply can fit or break.

    Attributes:
        source: The field and the line's place from 0: ``card.attributes:3``; or a turn of the
            talk, ``turn:-2``.
    """

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place in the reply and the line it leans on or breaks.

    Attributes:
        start, end: Characters of the reply; the same number where it is about all of it.
        source: A ``Fact.source``, ``turn:-2`` (counted from the reply), or "".
        line: That line's text, or "".
        note: What is the matter, in a few words.
    """

    start: int
    end: int
    note: str
    source: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a signal found.

    Attributes:
        confidence: 0 to 1; 0 means that it had nothing to go by and ``value`` says nothing.
    """

    value: float
    confidence: float = 1.0
    evidence: tuple[Evidence, ...] = ()


NOTHING = Reading(0.0, 0.0)
"""The answer of a signal that has nothing to go by."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a reply is measured against; texts have their macros expanded.

    Attributes:
        history: Turns before the reply, oldest first: whether the character spoke, and the text.
        own_lines: Lines that show the character's voice.
        other_lines: The same of other characters: without contrasts voice and likelihood say
            little.
        knows_until: The year after which the character knows nothing; ``None`` is no limit.
    """

    char: str = "Character"
    user: str = "User"
    facts: tuple[Fact, ...] = ()
    limits: tuple[Fact, ...] = ()
    history: History = ()
    own_lines: tuple[str, ...] = ()
    other_lines: tuple[tuple[str, ...], ...] = ()
    knows_until: int | None = None

    @property
    def turns(self) -> tuple[tuple[bool, Fact], ...]:
        """The history with where each turn stands, counted from the reply."""
        count = len(self.history)
        return tuple(
            (own, Fact(f"turn:-{count - at}", text)) for at, (own, text) in enumerate(self.history)
        )

    @property
    def asked(self) -> str:
        """The other side's last turn, or ""."""
        return next((text for own, text in reversed(self.history) if not own), "")

    @property
    def asked_at(self) -> str:
        """Where ``asked`` stands, as ``turns`` say it; not the last turn after two of one's own."""
        return next((fact.source for own, fact in reversed(self.turns) if not own), "")

    @property
    def last(self) -> str:
        """The last turn, which the reply answers or goes on from; or ""."""
        return self.history[-1][1].strip() if self.history else ""


class Signal(Protocol):
    """Measures one thing."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> Dimension: ...

    @property
    def cost(self) -> Cost: ...

    def measure(self, reply: str, scene: Scene) -> Reading:
        """Read one reply; never raises for odd text."""
        ...


class PatientSignal(Signal, Protocol):
    """A signal that takes long and looks in between whether anybody still wants to know."""

    def measure_until(self, reply: str, scene: Scene, stopped: Callable[[], bool]) -> Reading:
        """As ``measure``.

        Raises:
            rpterm.scoring.likelihood.Stopped: ``stopped`` said so.
        """
        ...


def scene_of(
    card: CharacterCard,
    *,
    user: str = "",
    history: History = (),
    others: tuple[CharacterCard, ...] = (),
) -> Scene:
    """What a card gives to measure against.

    Args:
        others: Cards of other characters, for contrast.
    """
    person = user or card.user_name or "User"

    def said(lines: tuple[str, ...]) -> list[str]:
        return [expand(line, char=card.char, user=person) for line in lines]

    def facts(source: str, lines: tuple[str, ...]) -> list[Fact]:
        placed = enumerate(said(lines))
        return [Fact(f"{source}:{at}", claim) for at, line in placed for claim in _apart(line)]

    return Scene(
        char=card.char,
        user=person,
        facts=(*facts("card.attributes", card.attributes), *facts("card.relations", card.relations))
        or tuple(facts("card.description", _claims(card.description))),
        limits=tuple(facts("card.limits", card.limits)),
        history=history,
        own_lines=voice_lines(card, person),
        other_lines=tuple(voice_lines(other, person) for other in others),
        knows_until=_year(card.knows_until),
    )


def _claims(description: str) -> tuple[str, ...]:
    """A description sentence by sentence: a reply leans on one claim, not on all of it."""
    return tuple(text for text in sentences(description) if len(text.split()) > 1)


def _apart(line: str) -> tuple[str, ...]:
    """A line; one that is a whole portrait claim by claim, as a description is read."""
    return (_claims(line) or (line,)) if len(line.split()) > _LONG else (line,)


def voice_lines(card: CharacterCard, user: str) -> tuple[str, ...]:
    """What the card lets its character say: examples and greetings."""
    lines = [text for example in card.examples for role, text in example.dialogue if role == "char"]
    return tuple(expand(line, char=card.char, user=user) for line in (*lines, *card.greetings))


def _year(until: str) -> int | None:
    sign = -1 if until.startswith("-") else 1
    digits = until.lstrip("-").split("-")[0]
    return sign * int(digits) if digits.isdecimal() else None
