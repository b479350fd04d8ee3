"""One reply while a server streams it: interprets the chunks and decides when the reply ends.

Servers send thoughts in a field of their own (``reasoning_content``, Ollama ``reasoning``), in the
text between marks, in the text with only the closing mark, or as pieces of the text with a type
(Mistral). A part of a chunk that has another form is ignored. Knows chunks, no connection.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rpterm.engine.protocol import Delta, EngineEvent, Finished, Retracted, Thought
from rpterm.engine.reply_text import ReplyText
from rpterm.engine.soft_limit import reached_soft_limit
from rpterm.engine.thinking import ThoughtSplitter, split_unopened
from rpterm.foreign_json import as_list, as_mapping, as_mappings, as_text
from rpterm.types import StopReason, Usage

_RUNAWAY_CHUNKS = 4
_RUNAWAY_CHARS = 40
"""A reply of more chunks or characters per token of its limit is ended here."""


@dataclass(slots=True)
class RemoteReply:
    """One reply, read from its stream by a thread of its own.

    Attributes:
        limit: How many tokens the reply itself may have.
        thought_tokens: How many more the server may generate for a thought.
        expected_reason: The stop reason at the end of the stream, as far as the server said.
        reason: Why the reply ended; ``None`` while it runs.
        ended: Whether the server said that the reply is complete.
        reply_chunks: Chunks of the reply so far, of about a token each.
        has_thought: Whether the model thought first.
    """

    index: int
    stops: tuple[str, ...]
    limit: int = 0
    thought_tokens: int = 0
    close_after: int = 0
    stream: Any = None
    expected_reason: StopReason = "end"
    reason: StopReason | None = None
    ended: bool = False
    tokens: int = 0
    reply_chunks: int = 0
    has_thought: bool = False
    prompt_tokens: int = 0
    cached: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    thinking: ThoughtSplitter = field(default_factory=ThoughtSplitter)
    text: ReplyText = field(init=False)

    def __post_init__(self) -> None:
        self.text = ReplyText(self.stops)

    def take(self, chunk: Any) -> Iterator[EngineEvent]:
        """Take in one chunk of the stream: thought, text, an end, or token counts."""
        usage = getattr(chunk, "usage", None)
        if usage is not None:
            self.ended = True
            details = getattr(usage, "prompt_tokens_details", None)
            self.prompt_tokens = _count(usage, "prompt_tokens")
            self.tokens = _count(usage, "completion_tokens") or self.tokens
            self.cached = _count(details, "cached_tokens")
        for choice in as_list(getattr(chunk, "choices", None)):
            thought, text = _thought_and_text(getattr(choice, "delta", None))
            finish_reason = getattr(choice, "finish_reason", None)
            if thought or text:
                self.last_at = time.perf_counter()
                self.first_at = self.first_at or self.last_at
                self.tokens += usage is None
            if thought:
                yield self._add_thought(thought)
            if text:
                yield from self._add_text(text)
            self.ended = self.ended or finish_reason is not None
            self._check_end(finish_reason)

    @property
    def consumed_by_thought(self) -> bool:
        """Whether an unexpected thought used up all tokens, so that nothing is left of a reply."""
        return (
            self.expected_reason == "length"
            and self.has_thought
            and not self.reply_chunks
            and not self.thought_tokens
        )

    @property
    def cut_short(self) -> bool:
        """Whether the stream ended in the middle of the reply, as when a proxy gives up."""
        return bool(self.first_at) and not self.ended

    def finish(self, began: float) -> Iterator[EngineEvent]:
        """End the reply: what was held back, then ``Finished``.

        Args:
            began: ``perf_counter`` when the reply was requested.
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

    def _add_thought(self, text: str) -> Thought:
        self.has_thought = True
        return Thought(self.index, text)

    def _add_text(self, text: str) -> Iterator[EngineEvent]:
        thought, reply = self.thinking.feed(text.encode("utf-8", "replace"))
        if thought:
            yield self._add_thought(thought)
        if not reply:
            return
        self.reply_chunks += 1
        if shown := self.text.feed(reply):
            yield Delta(self.index, shown)
        if not self.has_thought and (parts := split_unopened(self.text.text)) is not None:
            yield from self._reclassify(*parts)

    def _reclassify(self, thought: str, reply: str) -> Iterator[EngineEvent]:
        """Turn the text so far into a thought: the server sent only the mark that closes it."""
        yield Retracted(self.index, self.text.shown)
        self.text, self.reply_chunks = ReplyText(self.stops), int(bool(reply))
        yield self._add_thought(thought)
        if shown := self.text.feed(reply.encode("utf-8", "replace")):
            yield Delta(self.index, shown)

    def _check_end(self, finish_reason: str | None) -> None:
        """Set the stop reason if the reply ends here, by its text or because the server says so."""
        if self.text.stopped:
            self.reason = "stop"
        elif reached_soft_limit(self.text.text, self.reply_chunks, self.close_after):
            self.reason = "closed"
        elif (self.thought_tokens and self.reply_chunks >= self.limit) or (
            self.limit and self._runs_away()
        ):
            self.reason = "length"
        elif finish_reason == "length":
            self.expected_reason = "length"

    def _runs_away(self) -> bool:
        """Whether the server ignores the limit it was sent; a chunk may be less than a token."""
        return (
            self.reply_chunks > _RUNAWAY_CHUNKS * self.limit
            or len(self.text.text) > _RUNAWAY_CHARS * self.limit
        )


def _thought_and_text(delta: Any) -> tuple[str, str]:
    """What a chunk adds to the thought, and to the text."""
    thoughts = (as_text(getattr(delta, name, None)) for name in ("reasoning_content", "reasoning"))
    content = getattr(delta, "content", None)
    pieces = as_mappings(content)
    thought = next(filter(None, thoughts), "") + "".join(_text(p.get("thinking")) for p in pieces)
    return thought, _text(content)


def _text(value: Any) -> str:
    """A text that is whole or a list of pieces."""
    pieces = (as_text(as_mapping(piece).get("text")) for piece in as_list(value))
    return as_text(value) or "".join(pieces)


def _count(counts: Any, name: str) -> int:
    """A number of tokens; 0 if the server does not tell it."""
    value = getattr(counts, name, None)
    return value if isinstance(value, int) else 0
