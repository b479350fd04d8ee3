"""Translates a request into the fields of the OpenAI protocol and those of servers beyond it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rpterm.engine.protocol import GenerateRequest
from rpterm.types import Sampling

_PROTOCOL_STOPS = 4
"""Stop texts the protocol allows; the client checks all of them itself anyway."""


def standard_fields(request: GenerateRequest, seed: int, thought_tokens: int) -> dict[str, Any]:
    """The fields that are part of the protocol.

    Args:
        thought_tokens: How many tokens a thought before the reply may take.
    """
    s = request.sampling
    messages = request.messages or (("user", request.prompt_text),)
    result: dict[str, Any] = {
        "messages": [{"role": role, "content": text} for role, text in messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": s.max_tokens + thought_tokens,
        "temperature": s.temperature,
        "top_p": s.top_p,
        "presence_penalty": s.presence_penalty,
        "frequency_penalty": s.frequency_penalty,
        "seed": seed,
    }
    if request.stop:
        result["stop"] = list(request.stop[:_PROTOCOL_STOPS])
    return result


_SAME_NAME = (
    "typical_p", "top_n_sigma", "dynatemp_range", "dynatemp_exponent",
    "dry_multiplier", "dry_base", "dry_allowed_length", "xtc_probability", "xtc_threshold",
    "mirostat", "mirostat_tau", "mirostat_eta",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExtraFields:
    """Which fields outside the protocol to send.

    Attributes:
        thinking: Whether the model should think first.
        samplers: Samplers that the protocol has no name for.
        top_k_off: The value that switches ``top_k`` off.
    """

    thinking: bool = True
    samplers: bool = True
    top_k_off: int = -1


FALLBACKS = (
    ExtraFields(),
    ExtraFields(top_k_off=0),
    ExtraFields(thinking=False),
    ExtraFields(thinking=False, top_k_off=0),
    ExtraFields(thinking=False, samplers=False),
)
"""To be tried in this order, because servers reject what they do not know: some versions of vLLM
and SGLang reject a ``top_k`` of 0, llama-cpp-python's own server one of -1."""


def extra_fields(request: GenerateRequest, extra: ExtraFields) -> dict[str, Any]:
    """The fields that are not part of the protocol."""
    result = _sampler_fields(request, extra.top_k_off) if extra.samplers else {}
    if extra.thinking:
        result |= _thinking_fields(request.sampling.think_tokens > 0)
    return result


def _thinking_fields(wanted: bool) -> dict[str, Any]:
    """Whether to think first: a template variable for llama-server, vLLM and SGLang.

    Ollama reads only the effort, and for models that cannot think it rejects any but "none".
    """
    result: dict[str, Any] = {"chat_template_kwargs": {"enable_thinking": wanted}}
    return result if wanted else result | {"reasoning_effort": "none"}


def _sampler_fields(request: GenerateRequest, top_k_off: int) -> dict[str, Any]:
    """The samplers that are on, and two that must be switched off explicitly.

    llama-server has ``top_k`` and ``min_p`` on by default (40 and 0.05).
    """
    s, off = request.sampling, Sampling(dry_multiplier=0.0)
    result: dict[str, Any] = {"top_k": s.top_k if s.top_k > 0 else top_k_off, "min_p": s.min_p}
    result |= {
        name: getattr(s, name) for name in _SAME_NAME if getattr(s, name) != getattr(off, name)
    }
    if s.repeat_penalty != 1.0:
        result |= {
            "repeat_penalty": s.repeat_penalty,
            "repetition_penalty": s.repeat_penalty,
            "repeat_last_n": s.penalty_last_n,
        }
    if s.dry_multiplier > 0:
        result["dry_penalty_last_n"] = s.dry_range
    if s.grammar:
        result["grammar"] = s.grammar
    if request.messages and request.messages[-1][0] == "assistant":
        result |= {"add_generation_prompt": False, "continue_final_message": True}
    return result
