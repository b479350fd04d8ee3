"""Stops a training on request: at once, but without losing a completed step.

Outside the training steps the work is simply abandoned, since nothing expensive is lost. During the
steps, weights change only at the end of a step, so the current row is abandoned and the last
complete step is kept. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Stopped(Exception):
    """The user stopped a training; its completed steps are kept.

    Attributes:
        step: The last step that is kept; 0 before the first.
    """

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped after step {step}")
        self.step = step


class Halted(Exception):
    """The work is abandoned here, because a stop was requested."""


@dataclass(slots=True)
class StopRequest:
    """A request to stop, set by a signal handler.

    Attributes:
        requested: Whether a stop was requested.
        stepping: Whether training steps are running, of which none may be lost.
    """

    requested: bool = False
    stepping: bool = False

    def request(self, on_delay: Callable[[], None]) -> None:
        """Request a stop.

        Args:
            on_delay: Called if the current row has to end first.

        Raises:
            Halted: At once, if no step would be lost.
            KeyboardInterrupt: A stop was requested before.
        """
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        if not self.stepping:
            raise Halted
        on_delay()

    def check(self) -> None:
        """Raise ``Halted`` if a stop was requested; called wherever work can be abandoned."""
        if self.requested:
            raise Halted

    @contextmanager
    def steps(self) -> Iterator[None]:
        """Marks the time during which training steps run."""
        self.check()
        self.stepping = True
        try:
            yield
        finally:
            self.stepping = False
