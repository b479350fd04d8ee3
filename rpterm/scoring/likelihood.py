"""Log-probabilities of a reply under several prompts, by one fixed language model.

The model that plays may be any; the one that judges is always the same, so that numbers stay
comparable. It runs in a process of its own, niced, started when first asked. Prompts stay in its
cache as sequences: scoring many replies under the same cards evaluates the cards once. Prompts of
plain text are a card's lines and come again in every run: those that are long are kept on disk (of
a first score of two replies they are two thirds of the work). Several signals ask for a reply after
the same prompt, so the last answers are remembered, too. What the prompts mean is for the signals
to know.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from rpterm.engine.protocol import Engine, EngineError, Piece, PromptSavingEngine
from rpterm.paths import prune, used

_STEP = 192
"""Tokens of a new prompt that are evaluated between two looks at ``stopped``."""
_AT_ONCE = 4
"""Prompts between two looks, which also leave the engine's other prompts in its cache."""
_NICE = 15
_BEGIN = "<|endoftext|>"
"""Parts texts in what the starter model was trained on; its begin token opens a chat's turn."""
_REMEMBERED = 256
_KEPT = "*.prompt*"
_MOST_BYTES = 1 << 30
"""Of prompts on disk: a card has two, of about 11 MB each, and is contrasted with four others."""
Text = str | tuple[Piece, ...]
"""Plain text; or pieces, of which some are control tokens, which open the text themselves."""


class Stopped(Exception):
    """The caller wants no answer any more."""


class Likelihood(Protocol):
    """What the signals ask."""

    def logprobs(
        self, reply: Text, prompts: Sequence[Text], stopped: Callable[[], bool] = lambda: False
    ) -> list[list[float]]:
        """Natural-log probability of each token of the reply after each prompt.

        A prompt ends where the reply begins; an empty one is the begin of a text.

        Raises:
            Stopped: ``stopped`` said so in between.
            EngineError: The model cannot be used.
        """
        ...

    def close(self) -> None:
        """End the model's process for good; safe to call twice and from any thread."""
        ...


class EngineLikelihood:
    """A ``Likelihood`` over ``Engine.logprobs``.

    Args:
        make: Makes the engine; called when first asked.
        polite: Whether everything else goes first, as behind a chat; a benchmark does not wait.
        kept: The folder of prompts that come again; ``None`` evaluates them in every run.
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
        self._warmed: OrderedDict[tuple[int, ...], None] = OrderedDict()
        self._found: OrderedDict[tuple[Text, Text], list[float]] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False

    def logprobs(
        self, reply: Text, prompts: Sequence[Text], stopped: Callable[[], bool] = lambda: False
    ) -> list[list[float]]:
        with self._lock:
            missing = [each for each in prompts if (reply, each) not in self._found]
            if missing:
                found = self._ask(reply, missing, stopped)
                self._found.update(zip([(reply, each) for each in missing], found, strict=True))
            result = [self._found[reply, each] for each in prompts]
            while len(self._found) > _REMEMBERED:
                self._found.popitem(last=False)
            return result

    def _ask(
        self, reply: Text, prompts: Sequence[Text], stopped: Callable[[], bool]
    ) -> list[list[float]]:
        engine = self._ready()
        asked = self._begun(engine, prompts)
        said = _tokens(engine, reply)
        if not said:
            return [[] for _ in asked]
        found: list[list[float]] = []
        for at in range(0, len(asked), _AT_ONCE):
            some = asked[at : at + _AT_ONCE]
            again = [
                each
                for each, text in zip(some, prompts[at:], strict=False)
                if isinstance(text, str)
            ]
            ready = [each for each in again if self._recalled(engine, each, len(said))]
            self._warm(engine, [each for each in some if each not in ready], stopped)
            if stopped():
                raise Stopped
            found += engine.logprobs(said, some)
            self._keep(engine, [each for each in again if each not in ready])
        return found

    def close(self) -> None:
        """See ``Likelihood``; ends a running question, which it does not wait for."""
        self._closed = True
        if self._engine is not None:
            self._engine.close()

    def _ready(self) -> Engine:
        """The engine, loaded; called with the lock held.

        Raises:
            EngineError: The model cannot be used, or was closed.
        """
        if self._engine is None and not self._closed:
            self._engine = self._make()
        if self._engine is None or self._closed:
            self.close()  # It takes no lock: it may have come before there was an engine to close.
            raise EngineError("The model that scores was closed.")
        if not self._begin:
            self._begin = self._started(self._engine)
        return self._engine

    def _started(self, engine: Engine) -> list[int]:
        """Start and load the engine; the tokens that a plain text begins with."""
        if (start := getattr(engine, "start", None)) is not None:
            start()
        if self._polite:
            _give_way(getattr(engine, "pid", None))
        engine.load()
        return engine.tokenize([Piece(_BEGIN, special=True)])[0]

    def _begun(self, engine: Engine, prompts: Sequence[Text]) -> list[list[int]]:
        """The tokens of each prompt; plain texts begin as those do that the model was taught."""
        for text in prompts:
            if text not in self._tokens:
                begin = self._begin if isinstance(text, str) else []
                self._tokens[text] = begin + _tokens(engine, text)
            self._tokens.move_to_end(text)
        result = [self._tokens[text] for text in prompts]
        while len(self._tokens) > _REMEMBERED:
            self._tokens.popitem(last=False)
        return result

    def _recalled(self, engine: Engine, prompt: list[int], room: int) -> bool:
        """Whether a prompt that comes again need not be evaluated."""
        path = self._path(prompt)
        if path is None or not isinstance(engine, PromptSavingEngine):
            return False
        if not engine.load_prompt(prompt, path, room):
            self._warmed.pop(tuple(prompt), None)  # It may have had to go.
            return False
        used(path)
        return True

    def _keep(self, engine: Engine, prompts: list[list[int]]) -> None:
        """Write what was evaluated for the next run."""
        if self._kept is None or not isinstance(engine, PromptSavingEngine):
            return
        for prompt in prompts:
            if (path := self._path(prompt)) is not None and engine.save_prompt(prompt, path):
                prune(self._kept, _KEPT, _MOST_BYTES)

    def _path(self, prompt: list[int]) -> Path | None:
        """Where a long prompt is kept; the file itself knows which model it is of."""
        if self._kept is None or len(prompt) <= _STEP:
            return None
        return self._kept / f"{sha256(repr(prompt).encode()).hexdigest()[:32]}.prompt"

    def _warm(self, engine: Engine, prompts: list[list[int]], stopped: Callable[[], bool]) -> None:
        """Evaluate new long prompts piece by piece, so that a stop is noticed soon.

        A prompt is warmed once: asking for the begin of one that is cached would cut it.
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
            while len(self._warmed) > _REMEMBERED:
                self._warmed.popitem(last=False)


def _tokens(engine: Engine, text: Text) -> list[int]:
    pieces = [Piece(text)] if isinstance(text, str) else list(text)
    return [each for part in engine.tokenize(pieces) for each in part]


def _give_way(pid: int | None) -> None:
    """Let everything else go first; before the model's threads exist, so that they inherit it.

    A process in a session of its own is weighed by Linux as a group, where niceness counts only
    inside: the group has a niceness, too.
    """
    if pid is None or not hasattr(os, "setpriority"):
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICE)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(_NICE), encoding="ascii")
