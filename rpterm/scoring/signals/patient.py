"""What signals that ask the language model have in common: they take long and can be stopped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from rpterm.scoring.likelihood import Likelihood
from rpterm.scoring.records import Cost, Reading, Scene


class ByLikelihood(ABC):
    """A signal that asks the fixed language model."""

    cost: Cost = "likelihood"

    def __init__(self, likelihood: Likelihood) -> None:
        self._likelihood = likelihood

    def measure(self, reply: str, scene: Scene) -> Reading:
        return self.measure_until(reply, scene, lambda: False)

    @abstractmethod
    def measure_until(self, reply: str, scene: Scene, stopped: Callable[[], bool]) -> Reading:
        """The same, given up when ``stopped`` says so: see ``likelihood.Stopped``."""
