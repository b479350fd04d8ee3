"""Log-probabilities of a reply after several prompts, under one fixed language model.

Whatever model generates the chat, the model that scores it is always the same, so that values stay
comparable. It runs in its own low-priority process, started on first use. Three caches avoid
repeated work: evaluated prompts stay in the model's KV cache as sequences, so scoring many replies
against the same cards evaluates the cards once; long plain-text prompts (the example lines of a
card, which recur in every run) are also kept on disk, which saves two thirds of the first score of
two replies; and the latest results are remembered, because several signals ask about a reply after
the same prompt. What the prompts mean is up to the signals.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from rpterm.engine.protocol import Engine, EngineError, Piece, PromptSavingEngine
from rpterm.paths import prune_cache, touch

_STEP = 192
"""Tokens of a new prompt that are evaluated between two checks of ``stopped``."""
_BATCH = 4
"""Prompts between two checks; small enough to leave the engine's other prompts in its KV cache."""
_NICE = 15
_BEGIN = "<|endoftext|>"
"""Separates texts in the starter model's training data; its own BOS token opens a chat turn."""
_REMEMBERED = 256
_KEPT = "*.prompt*"
_MOST_BYTES = 1 << 30
"""Of prompts on disk. A card has two of about 11 MB each and is contrasted with four others."""
Text = str | tuple[Piece, ...]
"""Plain text, which gets a begin token; or pieces, whose own control tokens open the text."""


class Stopped(Exception):
    """The caller no longer wants the answer."""


class Likelihood(Protocol):
    """A language model as the signals use it."""

    def logprobs(
        self, reply: Text, prompts: Sequence[Text], stopped: Callable[[], bool] = lambda: False
    ) -> list[list[float]]:
        """The natural-log probability of each token of the reply, after each prompt.

        A prompt ends where the reply begins; an empty prompt is the beginning of a text.

        Raises:
            Stopped: ``stopped`` returned true in between.
            EngineError: The model cannot be used.
        """
        ...

    def token_texts(self, reply: Text) -> list[str]:
        """The text of each token of a reply; empty if nobody needs it.

        Raises:
            EngineError: The model cannot be used.
        """
        ...

    def close(self) -> None:
        """End the model's process for good. Idempotent; safe from any thread."""
        ...


class EngineLikelihood:
    """A ``Likelihood`` on top of ``Engine.logprobs``.

    Args:
        make: Creates the engine; called on first use.
        polite: Run at low priority, as behind a chat. A benchmark need not wait for others.
        kept: The folder for prompts kept on disk; ``None`` evaluates them in every run.
    """

    def __init__(
        self, make: Callable[[], Engine], *, polite: bool = True, kept: Path | None = None
    ) -> None:
        self._make = make
        self._polite = polite
        self._kept = kept
        self._engine: Engine | None = None
        self._begin: list[int] = []
        self._tokens: OrderedDict[Text, list[int]] = OrderedDict()
        self._texts: dict[int, str] = {}
        self._warmed: OrderedDict[tuple[int, ...], None] = OrderedDict()
        self._results: OrderedDict[tuple[Text, Text], list[float]] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False

    def logprobs(
        self, reply: Text, prompts: Sequence[Text], stopped: Callable[[], bool] = lambda: False
    ) -> list[list[float]]:
        with self._lock:
            missing = [prompt for prompt in prompts if (reply, prompt) not in self._results]
            if missing:
                rows = self._evaluate(reply, missing, stopped)
                self._results.update(zip([(reply, x) for x in missing], rows, strict=True))
            result = [self._results[reply, prompt] for prompt in prompts]
            _evict(self._results)
            return result

    def token_texts(self, reply: Text) -> list[str]:
        with self._lock:
            engine = self._ready()
            ids = _tokenize(engine, reply)
            self._texts |= {token: engine.detokenize([token]) for token in {*ids} - {*self._texts}}
            return [self._texts[token] for token in ids]

    def _evaluate(
        self, reply: Text, prompts: Sequence[Text], stopped: Callable[[], bool]
    ) -> list[list[float]]:
        engine = self._ready()
        prompt_ids = self._prompt_ids(engine, prompts)
        reply_ids = _tokenize(engine, reply)
        if not reply_ids:
            return [[] for _ in prompts]
        rows: list[list[float]] = []
        for at in range(0, len(prompts), _BATCH):
            batch = prompt_ids[at : at + _BATCH]
            recurring = [
                ids
                for ids, prompt in zip(batch, prompts[at:], strict=False)
                if isinstance(prompt, str)
            ]
            loaded = [ids for ids in recurring if self._load_prompt(engine, ids, len(reply_ids))]
            self._warm(engine, [ids for ids in batch if ids not in loaded], stopped)
            if stopped():
                raise Stopped
            rows += engine.logprobs(reply_ids, batch)
            self._save_prompts(engine, [ids for ids in recurring if ids not in loaded])
        return rows

    def close(self) -> None:
        """See ``Likelihood``. Aborts a running evaluation and does not wait for it."""
        self._closed = True
        if self._engine is not None:
            self._engine.close()

    def _ready(self) -> Engine:
        """The loaded engine. The lock must be held.

        Raises:
            EngineError: The model cannot be used, or was closed.
        """
        if self._engine is None and not self._closed:
            self._engine = self._make()
        if self._engine is None or self._closed:
            self.close()  # It takes no lock: it may have run before there was an engine to close.
            raise EngineError("The language model that scores replies was closed.")
        if not self._begin:
            self._begin = self._start(self._engine)
        return self._engine

    def _start(self, engine: Engine) -> list[int]:
        """Start and load the engine; returns the tokens that every plain text begins with."""
        if (start := getattr(engine, "start", None)) is not None:
            start()
        if self._polite:
            _lower_priority(getattr(engine, "pid", None))
        engine.load()
        return engine.tokenize([Piece(_BEGIN, special=True)])[0]

    def _prompt_ids(self, engine: Engine, prompts: Sequence[Text]) -> list[list[int]]:
        """The tokens of each prompt; plain text begins the way the model's training texts do."""
        for prompt in prompts:
            if prompt not in self._tokens:
                begin = self._begin if isinstance(prompt, str) else []
                self._tokens[prompt] = begin + _tokenize(engine, prompt)
            self._tokens.move_to_end(prompt)
        result = [self._tokens[prompt] for prompt in prompts]
        _evict(self._tokens)
        return result

    def _load_prompt(self, engine: Engine, prompt: list[int], room: int) -> bool:
        """Load a prompt's KV state from disk; returns whether it need not be evaluated."""
        path = self._path(prompt)
        if path is None or not isinstance(engine, PromptSavingEngine):
            return False
        if not engine.load_prompt(prompt, path, room):
            self._warmed.pop(tuple(prompt), None)  # It may have been evicted from the KV cache.
            return False
        touch(path)
        return True

    def _save_prompts(self, engine: Engine, prompts: list[list[int]]) -> None:
        """Write the KV states of evaluated prompts to disk for the next run."""
        if self._kept is None or not isinstance(engine, PromptSavingEngine):
            return
        for prompt in prompts:
            if (path := self._path(prompt)) is not None and engine.save_prompt(prompt, path):
                prune_cache(self._kept, _KEPT, _MOST_BYTES)

    def _path(self, prompt: list[int]) -> Path | None:
        """The file of a long prompt; the file itself records which model it belongs to."""
        if self._kept is None or len(prompt) <= _STEP:
            return None
        return self._kept / f"{sha256(repr(prompt).encode()).hexdigest()[:32]}.prompt"

    def _warm(self, engine: Engine, prompts: list[list[int]], stopped: Callable[[], bool]) -> None:
        """Evaluate new long prompts in steps, so that a stop takes effect soon.

        Each prompt is warmed only once: asking for the beginning of a cached prompt would truncate
        it in the cache.
        """
        for prompt in prompts:
            key = tuple(prompt)
            if key in self._warmed or len(prompt) <= _STEP:
                continue
            for end in range(_STEP, len(prompt), _STEP):
                if stopped():
                    raise Stopped
                engine.logprobs(prompt[end : end + 1], [prompt[:end]])
            self._warmed[key] = None
            _evict(self._warmed)


def _evict(cache: OrderedDict[Any, Any]) -> None:
    """Drop the oldest entries of a cache that has grown too large."""
    while len(cache) > _REMEMBERED:
        cache.popitem(last=False)


def _tokenize(engine: Engine, text: Text) -> list[int]:
    pieces = [Piece(text)] if isinstance(text, str) else list(text)
    return [token for part in engine.tokenize(pieces) for token in part]


def _lower_priority(pid: int | None) -> None:
    """Give every other process precedence. Runs before the model's threads exist: they inherit it.

    Linux schedules a process with its own session as a group, inside which niceness has only local
    effect; the group has a niceness of its own.
    """
    if pid is None or not hasattr(os, "setpriority"):
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICE)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(_NICE), encoding="ascii")
