"""Events on their way to the client: merged, and written often enough to look like a stream."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rpterm.engine.llama.wire import pack_event
from rpterm.engine.protocol import Delta, EngineEvent, Retracted, Thought

PERIOD_S = 0.08
"""Text is never held longer than this while tokens come faster, nor at all when they do not. Each
piece costs the terminal 4 ms of a core that the model has to wait for: of one reply at 70 tokens a
second 7 % with 0.03, 4 % with this."""


class Outbox:
    """Collects the events of one job; ``write`` sends a list of them."""

    def __init__(self, write: Callable[[list[list[Any]]], None]) -> None:
        self._write = write
        self._texts: _Waiting = {}
        self._thoughts: _Waiting = {}
        self._flushed = 0.0

    def thought(self, index: int, text: str, tokens: int) -> None:
        """More of what is thought before a reply."""
        _add(self._thoughts, index, text, tokens)

    def text(self, index: int, text: str, tokens: int) -> None:
        """More text of a reply; tokens without text yet count towards the next text."""
        _add(self._texts, index, text, tokens)

    def retract(self, index: int, characters: int) -> None:
        """Take text back, silently as far as it was not sent yet."""
        waiting, count = self._texts.get(index, ("", 0))
        unsent = min(len(waiting), characters)
        self._texts[index] = (waiting[: len(waiting) - unsent], count)
        if characters > unsent:
            self.send(Retracted(index, characters - unsent))

    def send(self, event: EngineEvent) -> None:
        """An event that goes out at once, after all text before it."""
        self._write([*self._drain(), pack_event(event)])

    def flush_due(self) -> None:
        """Write what is waiting, if it has waited long enough."""
        now = time.perf_counter()
        if now - self._flushed >= PERIOD_S and (events := self._drain()):
            self._flushed = now
            self._write(events)

    def _drain(self) -> list[list[Any]]:
        thoughts = [pack_event(Thought(i, *each)) for i, each in _ready(self._thoughts)]
        return thoughts + [pack_event(Delta(i, *each)) for i, each in _ready(self._texts)]


_Waiting = dict[int, tuple[str, int]]
"""By reply: text that was not sent yet, and its tokens."""


def _add(waiting: _Waiting, index: int, text: str, tokens: int) -> None:
    before, count = waiting.get(index, ("", 0))
    waiting[index] = (before + text, count + tokens)


def _ready(waiting: _Waiting) -> list[tuple[int, tuple[str, int]]]:
    """What has text and can go out; it waits no longer."""
    ready = [(index, each) for index, each in waiting.items() if each[0]]
    for index, _ in ready:
        del waiting[index]
    return ready
