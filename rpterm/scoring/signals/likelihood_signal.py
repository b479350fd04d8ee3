"""The base class of signals that ask the language model: they are slow and can be stopped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from rpterm.scoring.likelihood import Likelihood
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import Cost, Reading


class LikelihoodSignal(ABC):
    """A signal computed from log-probabilities of the fixed language model."""

    cost: Cost = "likelihood"

    def __init__(self, likelihood: Likelihood) -> None:
        self._likelihood = likelihood

    def measure(self, reply: str, scene: ReplyScene) -> Reading:
        return self.measure_until(reply, scene, lambda: False)

    @abstractmethod
    def measure_until(self, reply: str, scene: ReplyScene, stopped: Callable[[], bool]) -> Reading:
        """As ``measure``; raises ``likelihood.Stopped`` when ``stopped`` returns true."""
