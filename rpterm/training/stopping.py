"""How a training is stopped: at once, and without losing a step that was made.

Outside the steps nothing is lost that takes long, so the work is broken off where it stands. In
between, weights change at the end of a step only; the row in work is broken off, and the last whole
step is kept. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Stopped(Exception):
    """The user stopped a training; what was done of it is kept.

    Attributes:
        step: The last one that is kept; 0 before the first.
    """

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped after step {step}")
        self.step = step


class Halted(Exception):
    """The work is broken off here, because a stop was asked for."""


@dataclass(slots=True)
class Stop:
    """A wish to stop, asked for from a signal handler.

    Attributes:
        stepping: Whether steps are made, of which none may be lost.
    """

    asked: bool = False
    stepping: bool = False

    def ask(self, waits: Callable[[], None] = lambda: None) -> None:
        """Stop.

        Args:
            waits: Told that the row in work comes to its end first.

        Raises:
            Halted: At once, where no step would be lost.
            KeyboardInterrupt: It was asked for before.
        """
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        if not self.stepping:
            raise Halted
        waits()

    def check(self) -> None:
        """Called where work can be broken off. Raises ``Halted`` where a stop was asked for."""
        if self.asked:
            raise Halted

    @contextmanager
    def steps(self) -> Iterator[None]:
        """While steps are made."""
        self.check()
        self.stepping = True
        try:
            yield
        finally:
            self.stepping = False
