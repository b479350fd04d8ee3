"""Runs one reply: turns the engine's events into stored turns and events for the front end.

Whatever happens, the text of a reply is stored, complete or partial; an empty reply is deleted.
Finished replies are stored before their event is yielded. Knows neither prompt building nor UI.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from rpterm.chat.events import (
    DraftFinished,
    PromptEvaluated,
    ReplyCancelled,
    ReplyDelta,
    ReplyFailed,
    ReplyFinished,
    ReplyStarted,
    ReplyThought,
    SessionEvent,
    SessionEvents,
)
from rpterm.engine.protocol import (
    Delta,
    Engine,
    EngineError,
    EngineInfo,
    Finished,
    GenerateRequest,
    PromptProgress,
    Retracted,
    Thought,
)
from rpterm.store import Store
from rpterm.text.open_marks import closing_marks
from rpterm.types import Generation, Prompt, Status, Turn
from rpterm.version import __version__

WRITE_EVERY_S = 0.2
"""The interval at which a growing reply is stored: the most that a kill -9 can cost, in seconds."""

EMPTY_REPLY = (
    "The model ended its reply before the first word. Try again, raise the temperature, or reword "
    "your last message."
)
_SENTENCE_END = re.compile(r"[^\W\d]{2}[.!?…][\"”’*)]*$")
THOUGHT_ONLY = (
    "The model used up its tokens thinking and said nothing. Try again, or give it more tokens: "
    "`rpterm config set sampling.think_tokens 2048`."
)


@dataclass(slots=True)
class _Growing:
    """A candidate that is being written; ``turn`` is ``None`` for a draft of the user's line."""

    turn: Turn | None
    base: str
    raw: str = ""
    thought: str = ""
    tokens: int = 0
    thought_tokens: int = 0
    written_at: float = 0.0
    done: bool = False


@dataclass(slots=True)
class ReplyRun:
    """Runs one engine request to its end.

    Attributes:
        turns: The empty stored turns that grow, one for each candidate; () for a draft.
        base: The existing text that the reply continues.
        previous_leaf: The leaf to show again if every reply is empty; ``None`` leaves the shown
            branch unchanged.
        names: Speakers' names that a model may put before its line; they are removed.
        kept: The ids of the turns that have text; the empty ones are deleted.
    """

    store: Store
    engine: Engine
    info: EngineInfo
    prompt: Prompt
    request: GenerateRequest
    template_hash: str
    turns: tuple[Turn, ...]
    base: str = ""
    previous_leaf: int | None = None
    names: tuple[str, ...] = ()
    kept: list[int] = field(default_factory=list)
    _growing: list[_Growing] = field(default_factory=list)

    def events(self) -> SessionEvents:
        """Run the request; closing the iterator stops the engine and stores the text so far."""
        turns: tuple[Turn | None, ...] = self.turns or (None,)
        self._growing = [_Growing(turn, self.base) for turn in turns]
        yield ReplyStarted(self.turns, self.prompt)
        try:
            for event in self.engine.generate(self.request):
                yield from self._handle(event)
        except EngineError as error:
            yield ReplyFailed(str(error), error.log_tail)
        finally:
            self._store_unfinished()
            self._show_first_kept()

    def _handle(self, event: object) -> Iterator[SessionEvent]:
        match event:
            case PromptProgress(done, total, reused):
                yield PromptEvaluated(done, total, reused)
            case Thought(index, text, tokens):
                growing = self._growing[index]
                growing.thought += text
                growing.thought_tokens += tokens
                yield ReplyThought(index, growing.thought, growing.thought_tokens)
            case Delta(index, text, tokens):
                yield from self._grow(self._growing[index], index, text, tokens)
            case Retracted(index, characters):
                growing = self._growing[index]
                growing.raw = growing.raw[: len(growing.raw) - characters]
                yield ReplyDelta(index, self._text(growing), growing.tokens)
            case Finished():
                yield from self._finish(event)

    def _grow(self, growing: _Growing, index: int, text: str, tokens: int) -> Iterator[ReplyDelta]:
        growing.raw += text
        growing.tokens += tokens
        text_so_far = self._text(growing)
        now = time.monotonic()
        if growing.turn is not None and now - growing.written_at >= WRITE_EVERY_S:
            self.store.write_reply(growing.turn.id, text_so_far)
            growing.written_at = now
        yield ReplyDelta(index, text_so_far, growing.tokens)

    def _finish(self, event: Finished) -> Iterator[SessionEvent]:
        growing = self._growing[event.index]
        if growing.turn is None:
            growing.done = True
            yield DraftFinished(self._final_text(growing, event.reason))
            return
        cancelled = event.reason in ("cancelled", "error")
        status = Status.PARTIAL if cancelled else Status.COMPLETE
        generation = self._generation(event)
        turn = self._store(growing, growing.turn, status, generation)
        if turn is not None:
            ended = ReplyCancelled if cancelled else ReplyFinished
            yield ended(event.index, turn, generation)
        elif not self.kept and all(each.done for each in self._growing):
            reason = THOUGHT_ONLY if growing.thought else EMPTY_REPLY
            yield ReplyFailed("Stopped." if event.reason == "cancelled" else reason)

    def _store_unfinished(self) -> None:
        """Store the unfinished replies: the engine failed, or the iterator was closed."""
        for growing in self._growing:
            if not growing.done and growing.turn is not None:
                self._store(growing, growing.turn, Status.PARTIAL, None)

    def _store(
        self, growing: _Growing, turn: Turn, status: Status, generation: Generation | None
    ) -> Turn | None:
        """Store a reply's final text; ``None`` if it is empty, and its turn deleted."""
        growing.done = True
        text = self._final_text(growing, generation.stop_reason if generation else "error")
        if text == growing.base.rstrip():
            self.store.delete_turn(turn.id)
            return None
        thought = growing.thought.strip()
        stored = self.store.finish_reply(turn.id, text, status, generation, thought)
        self.kept.append(turn.id)
        return stored

    def _show_first_kept(self) -> None:
        """If the shown reply was empty, show the first one that has text."""
        if self.previous_leaf is not None and self.turns and self.turns[0].id not in self.kept:
            leaf = min(self.kept, default=self.previous_leaf)
            self.store.set_leaf(self.turns[0].chat_id, leaf)

    def _text(self, growing: _Growing, *, complete: bool = False) -> str:
        """The reply as shown: without a name before it, or after the text that it continues."""
        if growing.base:
            return continued(growing.base, growing.raw)
        return without_name(growing.raw.lstrip(), self.names, complete=complete)

    def _final_text(self, growing: _Growing, reason: str) -> str:
        """The finished reply; quotes and actions that a whole one left open are closed."""
        text = self._text(growing, complete=True).rstrip()
        whole = growing.raw.strip() and reason in ("end", "stop", "closed")
        return text + closing_marks(text) if whole else text

    def _generation(self, event: Finished) -> Generation:
        seeds = self.request.seeds or (self.request.sampling.seed or 0,)
        return Generation(
            engine=self.info.engine,
            model=self.info.model,
            model_hash=self.info.model_hash,
            adapter_hash=self.info.adapter_hash,
            template_hash=self.template_hash,
            sampling=self.request.sampling,
            prompt_ids=self.request.prompt_ids,
            prompt_text=self.prompt.text,
            reply_ids=event.ids,
            batch_seeds=tuple(seeds),
            batch_index=event.index,
            kv_mode=self.request.kv_mode,
            stop=self.request.stop,
            stop_reason=event.reason,
            usage=event.usage,
            version=__version__,
            kv_type=self.info.detail.get("kv_type", ""),
        )


def without_name(text: str, names: tuple[str, ...], *, complete: bool) -> str:
    """Remove ``Name:`` from the front of a reply, even while the reply grows.

    Text that could still turn out to be ``Name:`` is held back, so that it never flickers. It is
    returned once the reply is ``complete``.
    """
    for name in names:
        label = f"{name}:"
        if text.startswith(label):
            return text[len(label) :].lstrip()
        if not complete and label.startswith(text):
            return ""
    return text


def continued(text: str, more: str) -> str:
    """A text and its continuation, with a space between two sentences if the model wrote none."""
    first = more[:1]
    begins = first.isalpha() or first == "“" or (first in ('"', "*") and not text.count(first) % 2)
    return f"{text} {more}" if first and begins and _SENTENCE_END.search(text) else text + more
