"""The JSON lines that client and worker exchange; both ends import this and nothing heavier.

To the worker: ``{"id", "op", …}``. From it: ``{"id", "ev": [event, …]}`` any number of times, then
once ``{"id", "ok": value}`` or ``{"id", "error": "engine" | "model", "text"}``. Events are short
lists, because there is one for every few tokens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from rpterm.engine.protocol import (
    Delta,
    EngineEvent,
    EngineInfo,
    Finished,
    GenerateRequest,
    PromptProgress,
    Retracted,
    Thought,
)
from rpterm.types import Sampling, Usage

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What a model is loaded with.

    Attributes:
        path: The weights, in GGUF format.
        context: Context window in tokens, at most what the model was trained for.
        threads: Number of threads; 0 chooses one (see ``threads``).
        gpu_layers: Layers on the GPU; -1 for all. Ignored by a llama.cpp without GPU support.
        kv_type: ``auto``, ``q8_0/f16``, ``f16``, ``q8_0`` or ``q4_0``; the last two are not exact
            (see ``kv``).
        adapter: A LoRA adapter in GGUF format.
        model_hash: SHA-256 of the weights if known; saved states are only valid for it.
        starter: Whether these are the weights that ship with rpterm.
        sequences: Maximum number of candidates at once.
        requantize_to: Where to write the weights as Q8_0 and load them from; where that fails,
            ``path`` itself is loaded.
    """

    path: Path
    context: int
    threads: int = 0
    gpu_layers: int = -1
    kv_type: str = "auto"
    adapter: Path | None = None
    model_hash: str = ""
    starter: bool = False
    sequences: int = 8
    requantize_to: Path | None = None


def unfinished_file(path: Path, pid: int) -> Path:
    """Under which name a worker writes a file until it is complete."""
    return path.with_name(f"{path.name}.{pid}.tmp")


def pack(message: Message) -> bytes:
    """Encode a message as one line; ASCII only, so that no text can contain a line break."""
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


def unpack(line: bytes) -> Message:
    """Decode a line.

    Raises:
        ValueError: The line is not a JSON object.
    """
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("a message is a JSON object")
    return message


def _as_dict(record: Any) -> Message:
    """A flat dataclass as a dictionary, without the deep copy of ``dataclasses.asdict``."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: dict(v) if isinstance(v, Mapping) else v for name, v in values.items()}


def pack_options(options: ModelOptions) -> Message:
    """Encode the options of ``load``."""
    return {n: str(v) if isinstance(v, Path) else v for n, v in _as_dict(options).items()}


def unpack_options(message: Message) -> ModelOptions:
    """The inverse of ``pack_options``."""
    files = ("path", "adapter", "requantize_to")
    return ModelOptions(**message | {n: Path(message[n]) for n in files if message[n]})


def pack_request(request: GenerateRequest) -> Message:
    """Encode a request, without its text and messages, which this engine does not read."""
    return {
        "prompt": request.prompt_ids,
        "sampling": _as_dict(request.sampling),
        "seeds": request.seeds,
        "stop": request.stop,
        "kv_mode": request.kv_mode,
    }


def unpack_request(message: Message) -> GenerateRequest:
    """The inverse of ``pack_request``."""
    sampling = dict(message["sampling"])
    sampling["banned"] = tuple(sampling["banned"])
    return GenerateRequest(
        prompt_ids=tuple(message["prompt"]),
        sampling=Sampling(**sampling),
        seeds=tuple(message["seeds"]),
        stop=tuple(message["stop"]),
        kv_mode=message["kv_mode"],
    )


def pack_info(info: EngineInfo) -> Message:
    """Encode the result of ``load``."""
    return _as_dict(info)


def unpack_info(message: Message) -> EngineInfo:
    """The inverse of ``pack_info``."""
    return EngineInfo(**message)


_EVENTS: dict[str, type[EngineEvent]] = {
    "d": Delta, "t": Thought, "p": PromptProgress, "r": Retracted, "f": Finished
}  # fmt: skip
_LETTERS = {kind: letter for letter, kind in _EVENTS.items()}


def pack_event(event: EngineEvent) -> list[Any]:
    """Encode an event as a short list: a letter and the event's fields."""
    values = _as_dict(event)
    if isinstance(event, Finished):
        values["usage"] = _as_dict(event.usage)
    return [_LETTERS[type(event)], *values.values()]


def unpack_event(data: list[Any]) -> EngineEvent:
    """The inverse of ``pack_event``."""
    letter, *values = data
    if letter == "f":
        index, reason, usage, ids = values
        return Finished(index, reason, Usage(**usage), tuple(ids))
    return _EVENTS[letter](*values)
