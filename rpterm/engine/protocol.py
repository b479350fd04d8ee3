"""The contract between rpterm and whatever runs a language model.

An engine knows tokens, logits and caches. It does not know characters, chats or users, and never
reads the database. All methods may be called from any thread. Calls that use the model are carried
out one after the other; ``tokenize`` and ``cancel`` work at once, even while the model is busy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from rpterm.errors import RptermError
from rpterm.types import Sampling, StopReason, Usage


class EngineError(RptermError):
    """The engine could not carry out a call; the text says why and what to do.

    Attributes:
        log_tail: The last lines of the worker's log, or "".
    """

    def __init__(self, message: str, log_tail: str = "") -> None:
        super().__init__(message)
        self.log_tail = log_tail


class ModelError(EngineError):
    """The weights are missing, truncated, unreadable, too large or in another format."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Description of a loaded model.

    Attributes:
        model: Short name to display.
        path: The weights file, or the base URL of a remote engine.
        model_hash: SHA-256 of the file, in hex.
        context: Context window of one sequence, in tokens.
        trained_context: The context the model was trained for, 0 if unknown.
        chat_template: The model's own Jinja template, or "".
        bos: Text of the begin token, "" if prompts must not begin with one.
        eos: Text of the end token.
        sequences: How many candidates can be decoded at once.
        can_score: Whether ``logprobs`` works.
        can_rewind: Whether the cache can go back to any earlier token, so that evaluating a text
            that will still change loses nothing.
        exact_tokens: False where ``tokenize`` only estimates (remote servers).
        starter: Whether these are the starter weights that ship with rpterm.
        detail: Details for ``rpterm doctor``: threads, GPU layers, KV type, memory, ….
    """

    engine: str
    model: str
    path: str = ""
    model_hash: str = ""
    context: int = 0
    trained_context: int = 0
    chat_template: str = ""
    bos: str = ""
    eos: str = ""
    sequences: int = 1
    can_score: bool = False
    can_rewind: bool = False
    exact_tokens: bool = True
    adapter_hash: str = ""
    starter: bool = False
    detail: dict[str, str] = field(default_factory=dict)


class Piece(NamedTuple):
    """Text to tokenize; with ``special``, control tokens in it are parsed as such.

    A tuple, because a prompt looks hundreds of them up in a cache.
    """

    text: str
    special: bool = False


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """A prompt, to be continued by one or more replies.

    Attributes:
        prompt_ids: The complete prompt; the engine itself finds out what its cache already holds.
        prompt_text: The same as text, for engines that take text.
        messages: The same as (role, content) pairs, for engines that take messages.
        sampling: ``sampling.seed`` must be set.
        seeds: One reply is decoded for each, in one batch after one shared prompt. Empty means
            ``(sampling.seed,)``.
        stop: Texts before which a reply ends, even where one is split over several tokens.
        kv_mode: ``shift`` lets the engine remove tokens by shifting positions, which costs nothing
            but is not exact.
    """

    prompt_ids: tuple[int, ...]
    sampling: Sampling
    prompt_text: str = ""
    messages: tuple[tuple[str, str], ...] = ()
    seeds: tuple[int, ...] = ()
    stop: tuple[str, ...] = ()
    kv_mode: Literal["exact", "shift"] = "exact"


@dataclass(frozen=True, slots=True)
class PromptProgress:
    """Progress of prompt evaluation: ``done`` of ``total`` new tokens; ``reused`` needed none."""

    done: int
    total: int
    reused: int


@dataclass(frozen=True, slots=True)
class Delta:
    """More text of reply ``index``, in whole characters."""

    index: int
    text: str
    tokens: int = 1


@dataclass(frozen=True, slots=True)
class Thought:
    """More of the model's thought before reply ``index``, which is not part of the reply."""

    index: int
    text: str
    tokens: int = 1


@dataclass(frozen=True, slots=True)
class Retracted:
    """The last ``characters`` of reply ``index`` are taken back (for example a banned phrase)."""

    index: int
    characters: int


@dataclass(frozen=True, slots=True)
class Finished:
    """Reply ``index`` is complete.

    Attributes:
        ids: All sampled tokens, including those of a thought but not the end token.
    """

    index: int
    reason: StopReason
    usage: Usage
    ids: tuple[int, ...] = ()


EngineEvent = PromptProgress | Thought | Delta | Retracted | Finished


class Engine(Protocol):
    """Runs one model."""

    def load(self, on_progress: Callable[[float], None] | None = None) -> EngineInfo:
        """Load the model once; later calls return the same result.

        Args:
            on_progress: Called with the share that is loaded, 0 to 1.

        Raises:
            ModelError: The weights cannot be used.
        """
        ...

    @property
    def info(self) -> EngineInfo | None:
        """What ``load`` returned, or ``None`` before."""
        ...

    def tokenize(self, pieces: Sequence[Piece]) -> list[list[int]]:
        """Tokens of each piece on its own, without a begin token."""
        ...

    def detokenize(self, ids: Sequence[int]) -> str:
        """Text of tokens, control tokens included; bytes that are not UTF-8 become U+FFFD."""
        ...

    def generate(self, request: GenerateRequest) -> Iterator[EngineEvent]:
        """Stream one or more replies; the last events are one ``Finished`` for each.

        Closing the iterator early cancels the call. After ``cancel`` from another thread it ends
        with ``Finished(reason="cancelled")``.

        Raises:
            EngineError: The request was refused, or the worker died; the next call restarts it.
        """
        ...

    def cancel(self) -> None:
        """Cancel the running ``generate``, even during prompt evaluation; returns at once."""
        ...

    def settle(self, ids: Sequence[int], others: Sequence[Sequence[int]] = ()) -> None:
        """Bring the cache to exactly these tokens in the background; any other call interrupts it.

        ``generate`` after an interrupted ``settle`` uses what was evaluated so far.

        Args:
            others: Beginnings of other possible next prompts, the likeliest first; evaluated too
                and kept as copies, as far as the engine has memory for them.
        """
        ...

    def settled(self, timeout: float | None = None) -> bool:
        """Wait until the last ``settle`` is done; false after a timeout or an interruption."""
        ...

    def logprobs(self, reply: Sequence[int], prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        """Natural-log probability of each reply token after each prompt.

        Returns:
            One list for each prompt, as long as ``reply``.
        """
        ...

    def save_state(self, path: Path) -> bool:
        """Write the chat's cache to a file; false where there is nothing to save, or no time."""
        ...

    def load_state(self, path: Path) -> int:
        """Read such a file.

        Returns:
            How many tokens were restored; 0 if the file is missing, damaged or of another model.
        """
        ...

    def close(self) -> None:
        """Free the model; safe to call twice and at any time."""
        ...


@runtime_checkable
class BackgroundEngine(Engine, Protocol):
    """An engine that can also generate in the background, for work that nobody waits for."""

    def generate_in_background(self, request: GenerateRequest) -> str | None:
        """Generate one text without touching the chat's cache; blocks.

        Returns:
            The text, or ``None`` if another call needed the model, ``cancel_background`` was
            called, or no model is loaded.

        Raises:
            EngineError: The engine cannot do this, or it failed.
        """
        ...

    def cancel_background(self) -> None:
        """Cancel a running ``generate_in_background``; returns at once, from any thread."""
        ...


@runtime_checkable
class PromptSavingEngine(Protocol):
    """An engine that can save evaluated prompts of ``logprobs``, to use them in a later run."""

    def load_prompt(self, prompt: Sequence[int], path: Path, room: int) -> bool:
        """Load a prompt from a file unless it is evaluated already; whether it now is.

        Args:
            room: Tokens of the longest reply that will be scored after it.
        """
        ...

    def save_prompt(self, prompt: Sequence[int], path: Path) -> bool:
        """Save a prompt of the last ``logprobs`` call to a file; false where that fails."""
        ...
