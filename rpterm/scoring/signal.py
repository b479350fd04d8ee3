"""What a signal is: it measures one property of a reply in its scene and returns a ``Reading``.

A reading has a value, a confidence, and the evidence for it. Values of different signals are not on
the same scale; ``combine`` puts them on one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from rpterm.scoring.scene import ReplyScene

Dimension = Literal["persona", "behaviour", "conversation", "boundaries", "attractiveness"]
"""Persona: attributes and relations. Behaviour: style. Conversation: coherence and language.
Boundaries: what no reply may do. Attractiveness says nothing about being in character and has no
part in the probability."""
Cost = Literal["words", "embedding", "likelihood"]
"""``words`` takes about a millisecond per reply, ``embedding`` tens of milliseconds, and
``likelihood`` hundreds or more."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of the reply, and the line that it relies on or breaks.

    Attributes:
        start, end: Character offsets in the reply; equal if the evidence is about the whole reply.
        note: What was found, in a few words.
        source: The ``Fact.source`` of the line, or "".
        line: The text of that line, or "".
    """

    start: int
    end: int
    note: str
    source: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one signal measured.

    Attributes:
        value: On the signal's own scale.
        confidence: 0 to 1; 0 means that the signal had no data and ``value`` is meaningless.
    """

    value: float
    confidence: float = 1.0
    evidence: tuple[Evidence, ...] = ()


NO_DATA = Reading(0.0, 0.0)
"""The reading of a signal without data."""


class Signal(Protocol):
    """Measures one property of a reply."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> Dimension: ...

    @property
    def cost(self) -> Cost: ...

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        """Measure one reply. Never raises because of unusual text."""
        ...


class PatientSignal(Signal, Protocol):
    """A slow signal that can be stopped while it measures."""

    def measure_until(self, reply: str, scene: ReplyScene, stopped: Callable[[], bool]) -> Reading:
        """As ``measure``.

        Raises:
            rpterm.scoring.likelihood.Stopped: ``stopped`` returned true.
        """
        ...
