"""An engine that plays given replies: for tests, the tour and the screenshots.

Deterministic, instant unless configured otherwise, and realistic about tokens and caches: it reuses
exactly what the llama engine would reuse. It knows no model, no files but its saved states, and no
clock but ``perf_counter`` for the usage it reports.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rpterm.engine.llama.cache.prefix_reuse import common_prefix_length
from rpterm.engine.protocol import (
    Delta,
    EngineError,
    EngineEvent,
    EngineInfo,
    Finished,
    GenerateRequest,
    Piece,
    PromptProgress,
    Thought,
)
from rpterm.engine.reply_text import ReplyText
from rpterm.engine.soft_limit import reached_soft_limit
from rpterm.engine.thinking import REACH, ThoughtSplitter
from rpterm.types import StopReason, Usage

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SPECIAL = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
_SPECIAL_RE = re.compile("(" + "|".join(re.escape(text) for text in SPECIAL) + ")")
_TOKEN_RE = re.compile(r" ?[A-Za-z0-9]{1,3}|.", re.DOTALL)
_CODE_POINT = 1 << 30
"""Flag of a token id that holds one character outside ASCII."""
_PROGRESS_STEPS = 8


def encode(text: str, special: bool = False) -> list[int]:
    """Tokens of a text: up to three letters with the space before them, or one character.

    The ids are computed from the text alone and fit in 31 bits, so they are the same in every
    process.
    """
    if not special:
        return [_token_id(part) for part in _TOKEN_RE.findall(text)]
    ids: list[int] = []
    for part in _SPECIAL_RE.split(text):
        ids += [SPECIAL.index(part)] if part in SPECIAL else encode(part)
    return ids


def decode(ids: Sequence[int]) -> str:
    """The text of tokens; the exact inverse of ``encode``."""
    return "".join(_token_text(token) for token in ids)


def _token_id(text: str) -> int:
    if len(text) == 1 and ord(text) > 127:
        return _CODE_POINT | ord(text)
    value = 1
    for char in text:
        value = value << 7 | ord(char)
    return value


def _token_text(token: int) -> str:
    if token < 128:
        return SPECIAL[token] if 0 <= token < len(SPECIAL) else "\ufffd"
    if token & _CODE_POINT:
        return chr(token & ~_CODE_POINT) if token & ~_CODE_POINT <= 0x10FFFF else "\ufffd"
    chars: list[str] = []
    while token > 1:
        chars.append(chr(token & 127))
        token >>= 7
    return "".join(reversed(chars))


@dataclass(slots=True)
class _Reply:
    """One reply while it is being played."""

    index: int
    ids: list[int]
    text: ReplyText
    thinking: ThoughtSplitter
    sent: list[int] = field(default_factory=list)
    reason: StopReason | None = None


class ScriptedEngine:
    """Plays ``replies`` in order, again and again; see ``rpterm.engine.protocol.Engine``."""

    def __init__(
        self,
        replies: Sequence[str],
        *,
        delay_s: float = 0.0,
        context: int = 4096,
        fail_at: int | None = None,
        prompt_delay_s: float = 0.0,
    ) -> None:
        """Args:
        delay_s: Pause before each token (for all candidates together).
        context: Context window in tokens.
        fail_at: Raise ``EngineError`` once instead of the token with this index; the next call
            works again, as after the restart of a dead worker.
        prompt_delay_s: Duration of a prompt's evaluation.
        """
        self._replies = tuple(replies) or ("",)
        self._delay = delay_s
        self._context = context
        self._fail_at = fail_at
        self._prompt_delay = prompt_delay_s
        self._next = 0
        self._cache: tuple[int, ...] = ()
        self._prepared: tuple[tuple[int, ...], ...] = ()
        self._lock = threading.Lock()
        self._running: list[threading.Event] = []
        self._info: EngineInfo | None = None
        self.requests: list[GenerateRequest] = []
        """All requests so far, for tests."""
        self.background_texts: list[str] = []
        """The results of ``generate_in_background``, in order."""
        self.background_requests: list[GenerateRequest] = []

    def load(self, on_progress: Callable[[float], None] | None = None) -> EngineInfo:
        if on_progress is not None:
            on_progress(1.0)
        if self._info is None:
            self._info = EngineInfo(
                engine="scripted",
                model="scripted",
                model_hash="scripted",
                context=self._context,
                trained_context=self._context,
                chat_template=CHATML,
                bos="",
                eos="<|im_end|>",
                sequences=8,
                can_score=True,
                can_rewind=True,
            )
        return self._info

    @property
    def info(self) -> EngineInfo | None:
        return self._info

    @property
    def cached(self) -> tuple[int, ...]:
        """The tokens the cache would hold now."""
        return self._cache

    def tokenize(self, pieces: Sequence[Piece]) -> list[list[int]]:
        return [encode(piece.text, piece.special) for piece in pieces]

    def detokenize(self, ids: Sequence[int]) -> str:
        return decode(ids)

    def generate(self, request: GenerateRequest) -> Iterator[EngineEvent]:
        self.load()
        if len(request.prompt_ids) >= self._context:
            raise EngineError(
                f"The prompt has {len(request.prompt_ids)} tokens and the window only "
                f"{self._context}: shorten the prompt or choose a larger context."
            )
        stop = threading.Event()
        with self._lock:
            self.requests.append(request)
            self._running.append(stop)
        try:
            yield from self._play(request, stop)
        finally:
            with self._lock:
                self._running.remove(stop)

    def cancel(self) -> None:
        with self._lock:
            for stop in self._running:
                stop.set()

    def settle(self, ids: Sequence[int], others: Sequence[Sequence[int]] = ()) -> None:
        with self._lock:
            self._cache = tuple(ids)
            self._prepared = tuple(tuple(other) for other in others)

    def settled(self, timeout: float | None = None) -> bool:
        return True

    def generate_in_background(self, request: GenerateRequest) -> str | None:
        """The next of ``asides``, or "" when none is left."""
        with self._lock:
            self.background_requests.append(request)
            return self.background_texts.pop(0) if self.background_texts else ""

    def cancel_background(self) -> None:
        """Nothing to do: ``generate_in_background`` returns at once."""

    def logprobs(self, reply: Sequence[int], prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        """Invented but plausible: tokens of the prompt are likely, others are not."""
        return [[-1.0 if token in prompt else -4.0 for token in reply] for prompt in prompts]

    def save_state(self, path: Path) -> bool:
        if not self._cache:
            return False
        path.write_text(json.dumps({"scripted": list(self._cache)}), encoding="utf-8")
        return True

    def load_state(self, path: Path) -> int:
        try:
            ids = json.loads(path.read_text(encoding="utf-8"))["scripted"]
            restored = tuple(int(token) for token in ids)
        except (OSError, ValueError, KeyError, TypeError):
            restored = ()
        self._cache = restored
        return len(restored)

    def close(self) -> None:
        self.cancel()

    def _play(self, request: GenerateRequest, stop: threading.Event) -> Iterator[EngineEvent]:
        began = time.perf_counter()
        prompt = request.prompt_ids
        held = max(common_prefix_length(ids, prompt) for ids in (self._cache, *self._prepared))
        reused = min(held, max(0, len(prompt) - 1))  # The last token is needed for its logits.
        replies = self._start_replies(request)
        yield from self._evaluate(len(prompt) - reused, reused, stop)
        first = time.perf_counter()
        while waiting := [reply for reply in replies if reply.reason is None]:
            if stop.wait(self._delay) if self._delay else stop.is_set():
                for reply in waiting:
                    reply.reason = "cancelled"
            for reply in waiting:
                yield from self._step(reply, request)
        self._cache = prompt + (tuple(replies[0].sent) if len(replies) == 1 else ())
        for reply in replies:
            thought, data = reply.thinking.finish()
            if thought:
                yield Thought(reply.index, thought, 0)
            if text := reply.text.feed(data) + reply.text.finish():
                yield Delta(reply.index, text, 0)
            usage = Usage(
                reused=reused,
                evaluated=len(prompt) - reused,
                generated=len(reply.sent),
                first_token_s=first - began,
                decode_s=time.perf_counter() - first,
            )
            assert reply.reason is not None
            yield Finished(reply.index, reply.reason, usage, tuple(reply.sent))

    def _start_replies(self, request: GenerateRequest) -> list[_Reply]:
        count = len(request.seeds) or 1
        with self._lock:
            texts = [self._replies[(self._next + i) % len(self._replies)] for i in range(count)]
            self._next += count
        tail = decode(request.prompt_ids[-REACH:])
        return [
            _Reply(index, encode(text), ReplyText(request.stop), ThoughtSplitter(tail))
            for index, text in enumerate(texts)
        ]

    def _evaluate(self, total: int, reused: int, stop: threading.Event) -> Iterator[PromptProgress]:
        for step in range(_PROGRESS_STEPS + 1 if self._prompt_delay else 2):
            steps = _PROGRESS_STEPS if self._prompt_delay else 1
            yield PromptProgress(total * step // steps, total, reused)
            if step < steps and (stop.wait(self._prompt_delay / steps) or stop.is_set()):
                return

    def _step(self, reply: _Reply, request: GenerateRequest) -> Iterator[Thought | Delta]:
        if reply.reason is not None:
            return
        done = len(reply.sent)
        if self._fail_at is not None and done >= self._fail_at:
            self._fail_at = None
            self._cache, self._prepared = (), ()
            raise EngineError("The scripted engine failed, as configured.", "scripted log")
        if done >= len(reply.ids):
            reply.reason = "end"
        elif done >= request.sampling.max_tokens:
            reply.reason = "length"
        elif len(request.prompt_ids) + done >= self._context:
            reply.reason = "context"
        else:
            token = reply.ids[done]
            reply.sent.append(token)
            thought, data = reply.thinking.feed(_token_text(token).encode("utf-8", "surrogatepass"))
            if thought:
                yield Thought(reply.index, thought)
            text = reply.text.feed(data)
            if reply.text.stopped:
                reply.reason = "stop"
            elif reached_soft_limit(reply.text.text, done + 1, request.sampling.close_after):
                reply.reason = "closed"
            if text:
                yield Delta(reply.index, text)
