"""What a request is called in the OpenAI protocol, and in the servers that know more samplers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rpterm.engine.protocol import GenerateRequest
from rpterm.types import Sampling

_PROTOCOL_STOPS = 4
"""Stop texts the protocol allows; all of them are looked for on this side anyway."""


def fields(request: GenerateRequest, seed: int, room: int = 0) -> dict[str, Any]:
    """What the protocol itself has a name for; ``room``: tokens for a thought before the reply."""
    s = request.sampling
    messages = request.messages or (("user", request.prompt_text),)
    named: dict[str, Any] = {
        "messages": [{"role": role, "content": text} for role, text in messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": s.max_tokens + room,
        "temperature": s.temperature,
        "top_p": s.top_p,
        "presence_penalty": s.presence_penalty,
        "frequency_penalty": s.frequency_penalty,
        "seed": seed,
    }
    if request.stop:
        named["stop"] = list(request.stop[:_PROTOCOL_STOPS])
    return named


_SAME_NAME = (
    "typical_p", "top_n_sigma", "dynatemp_range", "dynatemp_exponent",
    "dry_multiplier", "dry_base", "dry_allowed_length", "xtc_probability", "xtc_threshold",
    "mirostat", "mirostat_tau", "mirostat_eta",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beyond:
    """What to say beyond the protocol.

    Attributes:
        thinking: Whether to think first.
        samplers: Samplers that the protocol has no name for.
        off: What ``top_k`` is where it is off.
    """

    thinking: bool = True
    samplers: bool = True
    off: int = -1


LESS = (
    Beyond(),
    Beyond(off=0),
    Beyond(thinking=False),
    Beyond(thinking=False, off=0),
    Beyond(thinking=False, samplers=False),
)
"""All, and less and less for servers that refuse what they do not know: some versions of vLLM and
SGLang a ``top_k`` of 0, llama-cpp-python's own server one of -1."""


def extras(request: GenerateRequest, beyond: Beyond = LESS[0]) -> dict[str, Any]:
    """What goes beyond the protocol."""
    said = _samplers(request, beyond.off) if beyond.samplers else {}
    return said | (_thinking(request.sampling.think_tokens > 0) if beyond.thinking else {})


def _thinking(wanted: bool) -> dict[str, Any]:
    """Whether to think first: a variable of the template for llama-server, vLLM and SGLang.

    Ollama reads the effort alone, and refuses any but "none" for models that cannot think.
    """
    told: dict[str, Any] = {"chat_template_kwargs": {"enable_thinking": wanted}}
    return told if wanted else told | {"reasoning_effort": "none"}


def _samplers(request: GenerateRequest, top_k_off: int) -> dict[str, Any]:
    """Samplers; those left at their defaults of "off" stay unsaid.

    Except the two that llama-server has on by itself (40 and 0.05): there "off" must be said.
    """
    s, off = request.sampling, Sampling(dry_multiplier=0.0)
    beyond: dict[str, Any] = {"top_k": s.top_k if s.top_k > 0 else top_k_off, "min_p": s.min_p}
    beyond |= {
        name: getattr(s, name) for name in _SAME_NAME if getattr(s, name) != getattr(off, name)
    }
    if s.repeat_penalty != 1.0:
        beyond |= {
            "repeat_penalty": s.repeat_penalty,
            "repetition_penalty": s.repeat_penalty,
            "repeat_last_n": s.penalty_last_n,
        }
    if s.dry_multiplier > 0:
        beyond["dry_penalty_last_n"] = s.dry_range
    if s.grammar:
        beyond["grammar"] = s.grammar
    if request.messages and request.messages[-1][0] == "assistant":
        beyond |= {"add_generation_prompt": False, "continue_final_message": True}
    return beyond
