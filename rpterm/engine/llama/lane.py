"""One reply on its way inside the worker: what was sampled, what may be shown, when it ends."""

from __future__ import annotations

from rpterm.engine.closing import closes
from rpterm.engine.llama.banned import Banned
from rpterm.engine.llama.draw import Drawer
from rpterm.engine.llama.model import Model
from rpterm.engine.protocol import GenerateRequest
from rpterm.engine.stopper import ReplyText
from rpterm.thinking import REACH, Thinking
from rpterm.types import StopReason

_SLACK = 32
"""Tokens that the marks of a thought may take beyond its limit."""


class Lane:
    """One reply; its sequence in the cache has the number of the reply.

    Attributes:
        ids: Tokens sampled so far; all but the last are in the cache.
        position: Where the last sampled token goes.
        thought: How many of ``ids`` belong to the thought before the reply, with its marks.
        due: Tokens that come next whatever the model would rather write: the end of its thought.
    """

    def __init__(self, index: int, drawer: Drawer, model: Model, request: GenerateRequest) -> None:
        sampling = request.sampling
        self.index = index
        self.drawer = drawer
        self.limit = sampling.max_tokens
        self.close_after = sampling.close_after
        self.banned = Banned(sampling.banned)
        self.text = ReplyText(request.stop, sampling.banned)
        self.ids: list[int] = []
        self.sizes: list[int] = []
        self.ends: list[int] = []
        self.position = len(request.prompt_ids)
        self.reason: StopReason | None = "length" if self.limit <= 0 else None
        self.first_at = self.last_at = 0.0
        self.thinking = Thinking(model.detokenize(request.prompt_ids[-REACH:]))
        self.thought = 0
        self.due: list[int] = []
        self._model = model
        self._think_tokens = sampling.think_tokens
        self._told = False
        self._mind()

    def draw(self, context: object, row: int) -> int:
        """The next token, from a row of logits; while a thought lasts no grammar binds it."""
        if self.due:
            return self.drawer.take(self.due.pop(0))
        if not self.thinking.inside:
            return self.drawer.draw(context, row, self.banned.forbidden(len(self.ids)))
        token = self.drawer.draw(context, row, free=True)
        if self._model.ends(token) and self._tell():
            return self.drawer.take(self.due.pop(0))
        return token

    def take(self, token: int) -> tuple[str, str]:
        """Add a token; returns more of thought and reply, as far as they can be shown."""
        self.sizes.append(self.text.size)
        self.ids.append(token)
        thought, reply = self.thinking.feed(self._model.piece(token))
        shown = self.text.feed(reply)
        self.ends.append(len(self.text.text))
        if self.thinking.marks is not None and not self.thinking.over:
            self.thought = min(len(self.ids), self._think_tokens + _SLACK)
            self._mind()
        return thought, shown

    @property
    def thinks(self) -> bool:
        """Whether the last token is one of the thought."""
        return self.thought == len(self.ids)

    def banned_at(self) -> int | None:
        """The token a banned phrase begins in; what a thought says is never banned."""
        place = self.banned.place(self.text.text, self.ends)
        return place if place is not None and place >= self.thought else None

    def drop(self, place: int) -> None:
        """Forget the tokens from this one on."""
        del self.ids[place:], self.sizes[place:], self.ends[place:]

    def ended(self, context: int) -> StopReason | None:
        """Why the reply ends here; ``None`` where it goes on. ``context``: tokens of the window."""
        replied = len(self.ids) - self.thought
        if self.text.stopped:
            return "stop"
        if closes(self.text.text, replied, self.close_after):
            return "closed"
        if replied >= self.limit:
            return "length"
        return "context" if self.position >= context else None

    def finish(self) -> tuple[str, str]:
        """The reply is over: what was held back of thought and reply."""
        thought, reply = self.thinking.finish()
        return thought, self.text.feed(reply) + self.text.finish()

    def _mind(self) -> None:
        """End a thought that has had its tokens."""
        if self.thinking.inside and len(self.ids) >= self._think_tokens:
            self._tell()

    def _tell(self) -> bool:
        """Let the model read, once, that its thought is over; whether that was still to be done."""
        if self._told or self.thinking.marks is None:
            return False
        self._told = True
        self.due = self._model.tokenize(self.thinking.marks.ending, special=True)
        return bool(self.due)
