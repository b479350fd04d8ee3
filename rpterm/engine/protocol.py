"""The contract between rpterm and whatever runs a language model.

An engine knows tokens, logits and caches. It does not know characters, chats or users, and it
never reads the database. All methods may be called from any thread; calls that use the model are
carried out one after the other, ``tokenize`` and ``cancel`` at once, also while the model works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from rpterm.types import RptermError, Sampling, StopReason, Usage


class EngineError(RptermError):
    """The engine could not do what it was asked; the text says why and what to do.

    Attributes:
        log_tail: The last lines the worker wrote to its log, or "".
    """

    def __init__(self, message: str, log_tail: str = "") -> None:
        super().__init__(message)
        self.log_tail = log_tail


class ModelError(EngineError):
    """The weights cannot be used: missing, truncated, foreign, too large, unreadable."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What is known of a loaded model.

    Attributes:
        model: Short name for people.
        path: The weights' file, or the base URL of a remote engine.
        model_hash: SHA-256 of the file, hex.
        context: Tokens of one sequence's window.
        trained_context: What the model was trained for, 0 when unknown.
        chat_template: The model's own Jinja template, or "".
        bos: Text of the begin token, "" if the model wants none added.
        eos: Text of the end token.
        sequences: How many candidates can be decoded at once.
        can_score: Whether ``logprobs`` works.
        exact_tokens: False where ``tokenize`` only estimates (remote servers without an endpoint).
        starter: Whether these are the starter weights that ship with rpterm.
        detail: Facts for ``rpterm doctor``: threads, GPU layers, KV type, memory, ….
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
    exact_tokens: bool = True
    adapter_hash: str = ""
    starter: bool = False
    detail: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Piece:
    """Text to tokenize; ``special`` lets control tokens of the template be parsed as such."""

    text: str
    special: bool = False


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """One prompt, one or more replies.

    Attributes:
        prompt_ids: The whole prompt; the engine finds itself what its cache already holds.
        prompt_text: The same as text, for engines that take text.
        messages: The same as (role, content) pairs, for engines that take messages.
        sampling: ``sampling.seed`` must be set.
        seeds: One reply is decoded for each, in one batch, over one shared prefix. Empty means
            ``(sampling.seed,)``.
        stop: A reply ends before any of these texts, also when one is split over tokens.
        kv_mode: ``shift`` allows the engine to remove tokens by shifting positions (inexact, free).
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
    """Prompt evaluation went on: ``done`` of ``total`` new tokens; ``reused`` needed none."""

    done: int
    total: int
    reused: int


@dataclass(frozen=True, slots=True)
class Delta:
    """More text of reply ``index``; whole characters only."""

    index: int
    text: str
    tokens: int = 1


@dataclass(frozen=True, slots=True)
class Thought:
    """More of what the model thinks before reply ``index``; no part of the reply."""

    index: int
    text: str
    tokens: int = 1


@dataclass(frozen=True, slots=True)
class Retracted:
    """The last ``characters`` of reply ``index`` are taken back (a banned phrase)."""

    index: int
    characters: int


@dataclass(frozen=True, slots=True)
class Finished:
    """Reply ``index`` is complete.

    Attributes:
        ids: All sampled tokens, those of a thought included, the end token excluded.
    """

    index: int
    reason: StopReason
    usage: Usage
    ids: tuple[int, ...] = ()


EngineEvent = PromptProgress | Thought | Delta | Retracted | Finished


class Engine(Protocol):
    """Runs one model."""

    def load(self, on_progress: Callable[[float], None] | None = None) -> EngineInfo:
        """Load the model, once; later calls return the same.

        Args:
            on_progress: Told the share done, 0 to 1.

        Raises:
            ModelError: The weights cannot be used.
        """
        ...

    @property
    def info(self) -> EngineInfo | None:
        """What ``load`` returned, or ``None`` before."""
        ...

    def tokenize(self, pieces: Sequence[Piece]) -> list[list[int]]:
        """Tokens of each piece on its own; no begin token is added."""
        ...

    def detokenize(self, ids: Sequence[int]) -> str:
        """Text of tokens, control tokens included; bytes that are no character become U+FFFD."""
        ...

    def generate(self, request: GenerateRequest) -> Iterator[EngineEvent]:
        """Stream one or more replies; ends with one ``Finished`` for each.

        Closing the iterator early cancels. ``cancel`` from another thread makes it end with
        ``Finished(reason="cancelled")``.

        Raises:
            EngineError: The worker died or refused; it is restarted at the next call.
        """
        ...

    def cancel(self) -> None:
        """Stop the running ``generate``, also inside prompt evaluation; returns at once."""
        ...

    def settle(self, ids: Sequence[int], others: Sequence[Sequence[int]] = ()) -> None:
        """Bring the cache, in the background, to exactly these tokens; any other call interrupts.

        ``generate`` after an interrupted ``settle`` uses what was evaluated so far.

        Args:
            others: Beginnings of prompts that may come instead, the likeliest first; kept ready
                besides, where the engine has room for them.
        """
        ...

    def settled(self, timeout: float | None = None) -> bool:
        """Wait until the last ``settle`` is done; False on timeout or interruption."""
        ...

    def logprobs(self, reply: Sequence[int], prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        """Natural-log probability of each reply token after each prompt, in one batch.

        Returns:
            One list for each prompt, as long as ``reply``.
        """
        ...

    def save_state(self, path: Path) -> bool:
        """Write the cache of the chat to a file; False where there is nothing to save."""
        ...

    def load_state(self, path: Path) -> int:
        """Read such a file; tokens restored, 0 when the file is missing, foreign or damaged."""
        ...

    def close(self) -> None:
        """Free the model; safe to call twice and at any time."""
        ...


@runtime_checkable
class AsideEngine(Protocol):
    """What an engine can do beside the chat, for work that nobody waits for."""

    def aside(self, request: GenerateRequest) -> str | None:
        """Make one text and leave the chat's cache as it is; blocks.

        Returns:
            The text, or ``None`` when another call wanted the model, ``cancel_aside`` was called,
            or no model is loaded.

        Raises:
            EngineError: It cannot be done here, or the engine failed.
        """
        ...

    def cancel_aside(self) -> None:
        """Stop a running ``aside``; returns at once, from any thread."""
        ...


@runtime_checkable
class KeepingEngine(Protocol):
    """What an engine can do for prompts of ``logprobs`` that come again from run to run."""

    def recall_prompt(self, prompt: Sequence[int], path: Path, room: int) -> bool:
        """Whether a prompt need not be evaluated: it is at hand, or in a file that is read now.

        Args:
            room: Tokens of the reply that will be asked after it.
        """
        ...

    def keep_prompt(self, prompt: Sequence[int], path: Path) -> bool:
        """Write a prompt that ``logprobs`` was asked with last; false where that fails."""
        ...
