"""One reply while the worker generates it: sampled tokens, visible text and stop conditions."""

from __future__ import annotations

from rpterm.engine.llama.model import Model
from rpterm.engine.llama.sampling.banned_phrases import BannedPhrases
from rpterm.engine.llama.sampling.token_sampler import TokenSampler
from rpterm.engine.protocol import GenerateRequest
from rpterm.engine.reply_text import ReplyText
from rpterm.engine.soft_limit import reached_soft_limit
from rpterm.engine.thinking import REACH, ThoughtSplitter
from rpterm.types import StopReason

_MARK_TOKENS = 32
"""Tokens that the marks around a thought may take beyond its limit."""


class Slot:
    """One reply; its sequence id in the cache is its index.

    Attributes:
        ids: Tokens sampled so far; all but the last are in the cache.
        position: Position of the last sampled token.
        thought_length: How many of ``ids`` belong to the thought before the reply, marks included.
        forced: Tokens that come next instead of sampled ones: the end of a thought.
    """

    def __init__(
        self, index: int, sampler: TokenSampler, model: Model, request: GenerateRequest
    ) -> None:
        sampling = request.sampling
        self.index = index
        self.sampler = sampler
        self.limit = sampling.max_tokens
        self.close_after = sampling.close_after
        self.banned = BannedPhrases(sampling.banned)
        self.text = ReplyText(request.stop, sampling.banned)
        self.ids: list[int] = []
        self.byte_sizes: list[int] = []
        """Bytes of the reply before each token."""
        self.text_ends: list[int] = []
        """Characters of the reply after each token."""
        self.position = len(request.prompt_ids)
        self.reason: StopReason | None = "length" if self.limit <= 0 else None
        self.first_at = self.last_at = 0.0
        self.thinking = ThoughtSplitter(model.detokenize(request.prompt_ids[-REACH:]))
        self.thought_length = 0
        self.forced: list[int] = []
        self._model = model
        self._think_tokens = sampling.think_tokens
        self._thought_ended = False
        self._limit_thought()

    def sample(self, context: object, row: int) -> int:
        """The next token, from a row of logits; a grammar applies only outside the thought."""
        if self.forced:
            return self.sampler.accept(self.forced.pop(0))
        if not self.thinking.inside:
            return self.sampler.sample(context, row, self.banned.forbidden(len(self.ids)))
        token = self.sampler.sample(context, row, use_grammar=False)
        if self._model.ends(token) and self._end_thought():
            return self.sampler.accept(self.forced.pop(0))
        return token

    def append(self, token: int) -> tuple[str, str]:
        """Add a token; returns the thought and the reply text that can now be shown."""
        self.byte_sizes.append(self.text.size)
        self.ids.append(token)
        thought, reply = self.thinking.feed(self._model.piece(token))
        shown = self.text.feed(reply)
        self.text_ends.append(len(self.text.text))
        if self.thinking.marks is not None and not self.thinking.over:
            self.thought_length = min(len(self.ids), self._think_tokens + _MARK_TOKENS)
            self._limit_thought()
        return thought, shown

    @property
    def thinks(self) -> bool:
        """Whether the last token is part of the thought."""
        return self.thought_length == len(self.ids)

    def banned_at(self) -> int | None:
        """Index of the token a banned phrase begins in; thoughts may contain banned phrases."""
        start = self.banned.find(self.text.text, self.text_ends)
        return start if start is not None and start >= self.thought_length else None

    def truncate(self, length: int) -> None:
        """Forget all but the first ``length`` tokens."""
        del self.ids[length:], self.byte_sizes[length:], self.text_ends[length:]

    def check_end(self, context: int) -> StopReason | None:
        """Why the reply ends here, or ``None``; ``context`` is the window in tokens."""
        reply_length = len(self.ids) - self.thought_length
        if self.text.stopped:
            return "stop"
        if reached_soft_limit(self.text.text, reply_length, self.close_after):
            return "closed"
        if reply_length >= self.limit:
            return "length"
        return "context" if self.position >= context else None

    def finish(self) -> tuple[str, str]:
        """End the reply; returns what was held back of thought and reply."""
        thought, reply = self.thinking.finish()
        return thought, self.text.feed(reply) + self.text.finish()

    def _limit_thought(self) -> None:
        """End a thought that has reached its limit."""
        if self.thinking.inside and len(self.ids) >= self._think_tokens:
            self._end_thought()

    def _end_thought(self) -> bool:
        """Force the tokens that end the thought, once; whether there are any."""
        if self._thought_ended or self.thinking.marks is None:
            return False
        self._thought_ended = True
        self.forced = self._model.tokenize(self.thinking.marks.ending, special=True)
        return bool(self.forced)
