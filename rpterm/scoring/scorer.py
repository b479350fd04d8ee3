"""The Scorer: one reply in its scene becomes one probability, with everything that led to it.

``cheap`` reads words, and meanings where the embedder is ready and knows the card already; it is
for right after the last token. ``full`` asks the fixed language model, too; it is for idle time
and can be stopped. Which signals count, and how much, was fitted: see ``combine`` and ``frozen``.
Knows no chat, no store and no screen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpterm.scoring import frequency
from rpterm.scoring.combine import Term, by_dimension, chance, doubt, interval, log_odds
from rpterm.scoring.embedding import Embed, Remembered
from rpterm.scoring.fit import Fit
from rpterm.scoring.frozen import Frozen, frozen
from rpterm.scoring.inference import Infer
from rpterm.scoring.kept import Kept
from rpterm.scoring.likelihood import Likelihood, Stopped
from rpterm.scoring.records import NOTHING, Cost, Dimension, Reading, Scene, Signal
from rpterm.scoring.signals.fitting import recent
from rpterm.scoring.signals.remembering import known
from rpterm.scoring.signals.voice import cut, to_embed
from rpterm.sentences import sentences
from rpterm.types import RptermError

if TYPE_CHECKING:
    from rpterm.scoring.records import PatientSignal

_AT_ONCE = 4
"""Texts that may be embedded between the last token and the score."""


@dataclass(frozen=True, slots=True)
class Score:
    """How much in character a reply is.

    Attributes:
        probability: That the reply is this character's and not what somebody else would say in its
            place, where both are as likely beforehand; calibrated, see ``rpterm bench persona``
            (``ece_on_topic``) and ``bench voice``.
        low, high: A 90 % interval: the uncertainty of the fitted weights and, while slow signals
            are missing, what these add as a rule. A chat unlike the labelled data is not covered.
        dimensions: 0 to 1 each; ``None`` where there was nothing to go by.
        readings: By signal, with evidence; ``confidence`` 0 means that it had nothing to go by.
        complete: Whether the slow signals are in.
        version: Of the coefficients; scores of different versions are not comparable.
    """

    probability: float
    low: float
    high: float
    dimensions: Mapping[Dimension, float | None]
    readings: Mapping[str, Reading]
    complete: bool
    version: str


class Scorer:
    """Measures replies; may be used from any thread.

    Args:
        embed: Makes sentence vectors; ``None`` does without meaning.
        kept: Where those of everyday lines are from run to run; ``None`` makes them each time.
        likelihood: The fixed language model; ``None`` does without.
        infer: An NLI model for contradictions; ``None`` goes by rules.
        signals: Instead of all that these allow.
    """

    def __init__(
        self,
        *,
        embed: Embed | None = None,
        kept: Kept | None = None,
        likelihood: Likelihood | None = None,
        infer: Infer | None = None,
        signals: Sequence[Signal] | None = None,
    ) -> None:
        from rpterm.scoring.signals.all import signals_for

        self._near = Remembered(embed) if embed is not None else None
        self._fit = Fit(self._near, kept) if self._near is not None else None
        self._likelihood = likelihood
        given = signals if signals is not None else signals_for(self._fit, likelihood, infer)
        self._signals = tuple(given)
        self._frozen: Frozen = frozen()
        self._lock = threading.Lock()

    @property
    def signals(self) -> tuple[Signal, ...]:
        """What it measures, in order of cost."""
        return self._signals

    def cheap(self, reply: str, scene: Scene) -> Score:
        """Words, and meaning where that is near at hand: within 150 ms."""
        near = self._near_at_hand(reply, scene)
        arrived = near.begin(_compared(reply, scene)) if near is not None else None
        readings = self._read("words", reply, scene)
        if arrived is not None:
            arrived()
            readings |= self._read("embedding", reply, scene)
        return self._score(readings, scene)

    def _read(self, cost: Cost, reply: str, scene: Scene) -> dict[str, Reading]:
        asked = (each for each in self._signals if each.cost == cost)
        return {each.name: each.measure(reply, scene) for each in asked}

    def warm(self, scene: Scene) -> None:
        """Embed what does not change from turn to turn, so that ``cheap`` knows meanings; waits.

        Raises:
            RptermError: The embedder cannot be used.
        """
        frequency.warm()
        if self._near is not None and self._fit is not None:
            self._fit.warm()
            self._near(self._known(scene) or [scene.char])  # Something at least, which wakes it.

    def prepare(self, reply: str, scene: Scene) -> None:
        """``warm`` for a first reply that somebody waits for: both models load at the same time.

        What the language model says of the reply is remembered, so ``full`` asks it for nothing
        twice. That it cannot be used is for ``full`` to tell.

        Raises:
            RptermError: The embedder cannot be used.
        """
        asked = [each for each in self._signals if each.cost == "likelihood"]
        if not asked:
            return self.warm(scene)

        def read() -> None:
            for signal in asked:
                with suppress(RptermError):
                    signal.measure(reply, scene)

        beside = threading.Thread(target=read, name="likelihood", daemon=True)
        beside.start()
        self.warm(scene)
        beside.join()
        return None

    def ahead(self, reply: str, scene: Scene) -> None:
        """Embed what stands of a reply that still grows: its score will have less to wait for.

        Raises:
            RptermError: The embedder cannot be used.
        """
        standing = _standing(reply, scene)
        if standing and self._near is not None and self._near.ready:
            self._near(standing)

    def full(
        self, reply: str, scene: Scene, stopped: Callable[[], bool] = lambda: False
    ) -> Score | None:
        """Everything; ``None`` when ``stopped`` said so in between.

        A signal whose model cannot be used says nothing; the score is then not complete.
        """
        readings: dict[str, Reading] = {}
        failed = False
        with self._lock:
            for signal in self._signals:
                if stopped():
                    return None
                try:
                    readings[signal.name] = _measured(signal, reply, scene, stopped)
                except Stopped:
                    return None
                except RptermError:
                    readings[signal.name], failed = NOTHING, True
        return self._score(readings, scene, complete=not failed)

    def close(self) -> None:
        """End the language model's process; the embedder belongs to who gave it."""
        if self._likelihood is not None:
            self._likelihood.close()

    def _near_at_hand(self, reply: str, scene: Scene) -> Remembered | None:
        """What knows meanings, where it knows what stays the same already."""
        if self._near is None or self._fit is None:
            return None
        if not (self._near.ready and self._fit.warmed):
            return None
        missing = self._near.missing([reply, scene.asked, *self._known(scene)])
        return self._near if missing <= _AT_ONCE else None

    @staticmethod
    def _known(scene: Scene) -> list[str]:
        """What was there before the last turn and is compared by meaning."""
        voices = (line for voice in to_embed(scene) for line in voice)
        return [*(line.text for line in known(scene)), *voices]

    def _score(
        self, readings: Mapping[str, Reading], scene: Scene, complete: bool = False
    ) -> Score:
        slow = any(
            each.cost == "likelihood" and readings.get(each.name, NOTHING).confidence > 0
            for each in self._signals
        )
        terms = self._frozen.slow if slow else self._frozen.fast
        waiting: list[Term] = []
        if not complete:
            waiting = [
                self._frozen.slow[each.name]
                for each in self._signals
                if each.name not in readings and each.name in self._frozen.slow
            ]
        total = log_odds(readings, terms)
        low, high = interval(total, doubt(readings, terms, waiting))
        belongs = {each.name: each.dimension for each in self._signals}
        return Score(
            chance(total), low, high, by_dimension(readings, terms, belongs), dict(readings),
            complete, self._frozen.version,
        )  # fmt: skip


def _compared(reply: str, scene: Scene) -> list[str]:
    """What the signals of a whole reply ask the embedder for."""
    told = frequency.nameless(reply, scene.char)
    return [*_talk(scene), reply, cut(reply), *sentences(reply), told, *sentences(told)]


def _standing(reply: str, scene: Scene) -> list[str]:
    """What of that will not change any more while the reply grows."""
    beginning = cut(reply)
    told = frequency.nameless(reply, scene.char)
    done = [*sentences(reply)[:-1], *sentences(told)[:-1]]
    whole = beginning == " ".join(reply.split())
    return [*_talk(scene), *filter(None, ["" if whole else beginning]), *done]


def _talk(scene: Scene) -> list[str]:
    """What a reply answers, in all of the readings of it."""
    return [text for text in (scene.asked, scene.last, recent(scene)) if text]


def _measured(
    signal: Signal | PatientSignal, reply: str, scene: Scene, stopped: Callable[[], bool]
) -> Reading:
    """Ask one signal; those that take long look whether to stop."""
    patient = getattr(signal, "measure_until", None)
    if patient is None:
        return signal.measure(reply, scene)
    reading: Reading = patient(reply, scene, stopped)
    return reading
