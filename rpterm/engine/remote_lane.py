"""One reply on its way from a server: what its chunks say, and when it ends.

Servers tell thoughts in a field of their own (``reasoning_content``, Ollama ``reasoning``), in the
text between marks, or in the text with the last mark alone. It knows chunks, no connection.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rpterm.engine.closing import closes
from rpterm.engine.protocol import Delta, EngineEvent, Finished, Retracted, Thought
from rpterm.engine.stopper import ReplyText
from rpterm.thinking import Thinking, unopened
from rpterm.types import StopReason, Usage


@dataclass(slots=True)
class RemoteLane:
    """One reply, filled by a thread of its own.

    Attributes:
        limit: Tokens the reply itself may have.
        room: Tokens the server was given beyond them, for a thought.
        ending: How it will have ended once the stream is over, as far as is known.
        reason: How it ended; ``None`` while it runs.
        replied: Chunks of the reply so far, of about a token each.
        thought: Whether the model thought first.
    """

    index: int
    stops: tuple[str, ...]
    limit: int = 0
    room: int = 0
    close_after: int = 0
    stream: Any = None
    ending: StopReason = "end"
    reason: StopReason | None = None
    tokens: int = 0
    replied: int = 0
    thought: bool = False
    prompt_tokens: int = 0
    cached: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    thinking: Thinking = field(default_factory=Thinking)
    text: ReplyText = field(init=False)

    def __post_init__(self) -> None:
        self.text = ReplyText(self.stops)

    def take(self, chunk: Any) -> Iterator[EngineEvent]:
        """One chunk of the stream: thought, text, an end, or the counts."""
        usage = getattr(chunk, "usage", None)
        if usage is not None:
            details = getattr(usage, "prompt_tokens_details", None)
            self.prompt_tokens = usage.prompt_tokens or 0
            self.tokens = usage.completion_tokens or self.tokens
            self.cached = getattr(details, "cached_tokens", None) or 0
        for choice in getattr(chunk, "choices", None) or ():
            apart = _apart(choice.delta)
            written = getattr(choice.delta, "content", None) or ""
            if apart or written:
                self.last_at = time.perf_counter()
                self.first_at = self.first_at or self.last_at
                self.tokens += usage is None
            if apart:
                yield self._think(apart)
            if written:
                yield from self._write(written)
            self._judge(choice.finish_reason)

    @property
    def starved(self) -> bool:
        """Whether the server's limit was used up by a thought that it was given no room for."""
        return self.ending == "length" and self.thought and not self.replied and not self.room

    def finish(self, began: float) -> Iterator[EngineEvent]:
        """What was held back, and how it ended.

        Args:
            began: ``perf_counter`` when it was asked for.
        """
        thought, held = self.thinking.finish()
        if thought:
            yield Thought(self.index, thought, 0)
        if text := self.text.feed(held) + self.text.finish():
            yield Delta(self.index, text, 0)
        assert self.reason is not None
        usage = Usage(
            reused=self.cached,
            evaluated=max(0, self.prompt_tokens - self.cached),
            generated=self.tokens,
            first_token_s=self.first_at - began if self.first_at else 0.0,
            decode_s=self.last_at - self.first_at,
        )
        yield Finished(self.index, self.reason, usage)

    def _think(self, text: str) -> Thought:
        self.thought = True
        return Thought(self.index, text)

    def _write(self, text: str) -> Iterator[EngineEvent]:
        thought, reply = self.thinking.feed(text.encode("utf-8", "replace"))
        if thought:
            yield self._think(thought)
        if not reply:
            return
        self.replied += 1
        if shown := self.text.feed(reply):
            yield Delta(self.index, shown)
        if not self.thought and (parts := unopened(self.text.text)) is not None:
            yield from self._was_thought(*parts)

    def _was_thought(self, thought: str, rest: str) -> Iterator[EngineEvent]:
        """What looked like the reply was a thought whose first mark the server kept to itself."""
        yield Retracted(self.index, self.text.shown)
        self.text, self.replied = ReplyText(self.stops), int(bool(rest))
        yield self._think(thought)
        if shown := self.text.feed(rest.encode("utf-8", "replace")):
            yield Delta(self.index, shown)

    def _judge(self, told: str | None) -> None:
        """Whether the reply ends here, by its text or because the server says so."""
        if self.text.stopped:
            self.reason = "stop"
        elif closes(self.text.text, self.replied, self.close_after):
            self.reason = "closed"
        elif self.room and self.replied >= self.limit:
            self.reason = "length"
        elif told == "length":
            self.ending = "length"


def _apart(delta: Any) -> str:
    """What a server tells of a thought in a field of its own."""
    for name in ("reasoning_content", "reasoning"):
        if isinstance(text := getattr(delta, name, None), str) and text:
            return text
    return ""
