"""Lends one engine to several chats, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rpterm.engine.protocol import (
    BackgroundEngine,
    Engine,
    EngineEvent,
    EngineInfo,
    GenerateRequest,
    Piece,
)


class EngineLease:
    """The engine as one session sees it: ``close`` ends the lease and leaves the model loaded.

    Without this, a session that closes late would free the model the next chat is using, or save
    the next chat's cache as its own.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.returned = False

    def load(self, on_progress: Callable[[float], None] | None = None) -> EngineInfo:
        return self._engine.load(on_progress)

    @property
    def info(self) -> EngineInfo | None:
        return self._engine.info

    def tokenize(self, pieces: Sequence[Piece]) -> list[list[int]]:
        return self._engine.tokenize(pieces)

    def detokenize(self, ids: Sequence[int]) -> str:
        return self._engine.detokenize(ids)

    def generate(self, request: GenerateRequest) -> Iterator[EngineEvent]:
        return self._engine.generate(request)

    def cancel(self) -> None:
        if not self.returned:
            self._engine.cancel()

    def settle(self, ids: Sequence[int], others: Sequence[Sequence[int]] = ()) -> None:
        if not self.returned:
            self._engine.settle(ids, others)

    def settled(self, timeout: float | None = None) -> bool:
        return self._engine.settled(timeout)

    def generate_in_background(self, request: GenerateRequest) -> str | None:
        if self.returned or not isinstance(self._engine, BackgroundEngine):
            return None
        return self._engine.generate_in_background(request)

    def cancel_background(self) -> None:
        if not self.returned and isinstance(self._engine, BackgroundEngine):
            self._engine.cancel_background()

    def logprobs(self, reply: Sequence[int], prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        return self._engine.logprobs(reply, prompts)

    def save_state(self, path: Path) -> bool:
        return False if self.returned else self._engine.save_state(path)

    def load_state(self, path: Path) -> int:
        return self._engine.load_state(path)

    def close(self) -> None:
        self.returned = True
