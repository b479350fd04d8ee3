"""The JSON lines that client and worker exchange; both ends import this and nothing heavier.

To the worker: ``{"id", "op", …}``. From it: ``{"id", "ev": [event, …]}`` any number of times, then
once ``{"id", "ok": value}`` or ``{"id", "error": "engine" | "model", "text"}``. Events are short
lists, because there is one for every few tokens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
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


def pack_event(event: EngineEvent) -> list[Any]:
    """Encode an event as a short list: a letter and the event's fields."""
    match event:
        case Delta(index, text, tokens):
            return ["d", index, text, tokens]
        case Thought(index, text, tokens):
            return ["t", index, text, tokens]
        case PromptProgress(done, total, reused):
            return ["p", done, total, reused]
        case Retracted(index, characters):
            return ["r", index, characters]
        case Finished(index, reason, usage, ids):
            return ["f", index, reason, _as_dict(usage), ids]


def unpack_event(data: list[Any]) -> EngineEvent:
    """The inverse of ``pack_event``."""
    kind, *rest = data
    match kind:
        case "d":
            return Delta(*rest)
        case "t":
            return Thought(*rest)
        case "p":
            return PromptProgress(*rest)
        case "r":
            return Retracted(*rest)
        case "f":
            index, reason, usage, ids = rest
            return Finished(index, reason, Usage(**usage), tuple(ids))
    raise ValueError(f"unknown event {kind!r}")
