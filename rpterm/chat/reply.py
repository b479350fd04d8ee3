"""One reply at work: engine events become rows of the store and events for the front end.

Whatever happens, a reply that began is stored: whole, partial, or, when not one word came, not at
all. Nothing is told before it is written. It knows no prompt building and no UI.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from rpterm import __version__
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
from rpterm.types import Generation, Prompt, Status, Turn

WRITE_EVERY_S = 0.2
"""Longest stretch of a reply that a kill -9 can cost, in seconds."""

NOTHING = (
    "The model ended its reply before the first word. Try again, raise the temperature, or reword "
    "the last message."
)
THOUGHT_ONLY = (
    "The model used up its tokens thinking and said nothing. Try again, or give it more of them: "
    "`rpterm config set sampling.think_tokens 2048`."
)


@dataclass(slots=True)
class _Growing:
    """A reply that is being written; ``turn`` is ``None`` for a draft of the user's line."""

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
    """Runs one request of the engine to its end.

    Attributes:
        base: Text that stands already and is gone on with.
        before: The leaf to show again when no reply had words; ``None`` leaves the branch alone.
        names: Speakers' names a model likes to put before its line; taken off.
        kept: Ids of the turns that stand in the end; the others had no words and are gone.
    """

    store: Store
    engine: Engine
    info: EngineInfo
    prompt: Prompt
    request: GenerateRequest
    template_hash: str
    turns: tuple[Turn, ...]
    base: str = ""
    before: int | None = None
    names: tuple[str, ...] = ()
    kept: list[int] = field(default_factory=list)
    _growing: list[_Growing] = field(default_factory=list)

    def events(self) -> Iterator[SessionEvent]:
        """Run; closing the iterator stops the engine and stores what had come."""
        turns: tuple[Turn | None, ...] = self.turns or (None,)
        self._growing = [_Growing(turn, self.base) for turn in turns]
        yield ReplyStarted(self.turns, self.prompt)
        try:
            for event in self.engine.generate(self.request):
                yield from self._on(event)
        except EngineError as error:
            yield ReplyFailed(str(error), error.log_tail)
        finally:
            self._keep_the_rest()
            self._show_the_first()

    def _on(self, event: object) -> Iterator[SessionEvent]:
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
        whole = self._text(growing)
        now = time.monotonic()
        if growing.turn is not None and now - growing.written_at >= WRITE_EVERY_S:
            self.store.write_reply(growing.turn.id, whole)
            growing.written_at = now
        yield ReplyDelta(index, whole, growing.tokens)

    def _finish(self, event: Finished) -> Iterator[SessionEvent]:
        growing = self._growing[event.index]
        growing.done = True
        text = self._text(growing, whole=True).rstrip()
        if growing.turn is None:
            yield DraftFinished(text)
            return
        if text == growing.base.rstrip():
            self.store.delete_turn(growing.turn.id)
            if not self.kept and all(each.done for each in self._growing):
                nothing = THOUGHT_ONLY if growing.thought else NOTHING
                yield ReplyFailed("Stopped." if event.reason == "cancelled" else nothing)
            return
        cancelled = event.reason in ("cancelled", "error")
        status = Status.PARTIAL if cancelled else Status.COMPLETE
        generation = self._generation(event)
        thought = growing.thought.strip()
        turn = self.store.finish_reply(growing.turn.id, text, status, generation, thought)
        self.kept.append(turn.id)
        told = ReplyCancelled if cancelled else ReplyFinished
        yield told(event.index, turn, generation)

    def _keep_the_rest(self) -> None:
        """Store what was begun and never finished: the engine failed or nobody listens any more."""
        for growing in self._growing:
            if growing.done or growing.turn is None:
                continue
            growing.done = True
            text = self._text(growing, whole=True).rstrip()
            if text == growing.base.rstrip():
                self.store.delete_turn(growing.turn.id)
            else:
                thought = growing.thought.strip()
                self.store.finish_reply(growing.turn.id, text, Status.PARTIAL, None, thought)
                self.kept.append(growing.turn.id)

    def _show_the_first(self) -> None:
        """Show the first reply that has words where the one shown had none."""
        if self.before is not None and self.turns and self.turns[0].id not in self.kept:
            leaf = min(self.kept, default=self.before)
            self.store.set_leaf(self.turns[0].chat_id, leaf)

    def _text(self, growing: _Growing, *, whole: bool = False) -> str:
        """The reply as shown: without the name before it, joined to what stood already."""
        if growing.base:
            return growing.base + growing.raw
        return without_name(growing.raw.lstrip(), self.names, whole=whole)

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


def without_name(text: str, names: tuple[str, ...], *, whole: bool) -> str:
    """Take ``Name:`` off the front of a reply, also while it is still growing.

    A front that could still become ``Name:`` is held back, so that it never flickers; once the
    reply is ``whole`` it is shown.
    """
    for name in names:
        label = f"{name}:"
        if text.startswith(label):
            return text[len(label) :].lstrip()
        if not whole and label.startswith(text):
            return ""
    return text
